"""The constants that shape relevance, each with its reason and its measurement.

They are all in this file, so that they can be reviewed together: no other module of the service contains
a number that changes the order of results.
"""

from typing import Final

# BM25 weights of the fields. Words are the main evidence; bigrams rank terms that the dictionary splits;
# characters rank other words of the same root (偿还 for 还).
WORDS: Final = 1.0
BIGRAMS: Final = 0.5
CHARACTERS: Final = 0.3
# The title names the subject. It is part of the text fields already; this is added on top. (nDCG@10 by
# keyword at 0.3 and 0.1, at half of that, at 0: law questions 0.362, 0.367, 0.368; queries over the real
# corpus 0.506, 0.495, 0.484. Hybrid search shows no difference: 0.413, 0.414, 0.413; 0.670, 0.671, 0.670.)
TITLE_WORDS: Final = 0.15
TITLE_BIGRAMS: Final = 0.05
# Added when an article contains a chunk of the query literally: texts with 三无小区 rank above texts that
# contain 三, 无 and 小区 separately, however often. It exceeds what the words and bigrams of a term score
# together. (100 coined terms of 6,195 documents, share ordered right by keyword: 17 % at 3, 91 % at
# 20, 98 % at 40, all at 80; judged sample, nDCG@10: 0.534 at 3, 0.528 from 20 on. ADR 0010.)
LITERAL: Final = 80.0
# The same for a clause of a question (QUESTION_LENGTH), which is no term.
LITERAL_CLAUSE: Final = 3.0
# Added again when the title contains the chunk: about the BM25 score of one strong word.
LITERAL_TITLE: Final = 6.0
# The same for a synonym, if the article lacks the words themselves. A synonym scores nothing else, so the
# exact word ranks above it. (Law questions, nDCG@10 of the 32 with a synonym: 0.2083 without, 0.2093 so,
# 0.2083 at twice and 0.2019 at four times the weights; 0.1949 if it also counts beside the exact word.)
SYNONYM_TITLE: Final = 1.5
SYNONYM_TEXT: Final = 0.75

# Number of hits of each list that are fused. After them the keyword order continues.
WINDOW: Final = 300
# Multipliers from metadata, applied to scores within the window: enough to decide between articles of about
# equal relevance, and no more (three consecutive hits in the middle of a list differ by 2 %). First, of a
# document that is no longer in force.
ENDED_FACTOR: Final = 0.8
# Boost of the newest hit; it halves every RECENCY_YEARS.
RECENCY: Final = 0.03
RECENCY_YEARS: Final = 5.0
# Boost of the most viewed hit; that of others grows with the logarithm of their views.
POPULARITY: Final = 0.02
# Fusion adds scaled scores and reciprocal ranks. Weight of the semantic list; that of keywords is 1.
SEMANTIC_WEIGHT: Final = 1.4
RANK_WEIGHT: Final = 1.0
RRF_K: Final = 20

# If no article contains all words of a query, the share of its idf that an article must contain: that of
# one and a half average words, within the bounds. One word, however rare, must not answer a query of
# several; an everyday question has many words that official texts do not use.
RELAXED_WORDS: Final = 1.5
RELAXED_MIN_SHARE: Final = 0.25
RELAXED_MAX_SHARE: Final = 0.55
# A chunk of this many characters is a question or a sentence: a share is enough from the start, unless
# some article contains the chunk as typed.
QUESTION_LENGTH: Final = 8
# A question has many words, most of them not official. Some article must contain two of them and the idf of
# this many average words, or nothing matches. If one does, or the question is conversational (怎么, 我, 吗),
# the smaller number is enough. (Keyword: law questions Recall@100 0.57 with 1.5 words for all, 0.65 so.
# ADR 0011.)
QUESTION_WORDS: Final = 1.35
QUESTION_LENIENT_WORDS: Final = 0.5
# Queries of fewer words are never classified as gibberish.
GIBBERISH_MIN_WORDS: Final = 3
# AtLeast takes idf weights as whole numbers from 1 to this.
IDF_STEPS: Final = 8

# Results reachable by page number: nobody reads further, and the cost of a page grows with its depth.
MAX_RESULTS: Final = 1000
# Results reachable by cursor, with both engines: Elasticsearch sorts no further (index.max_result_window).
MAX_DEPTH: Final = 10_000
MAX_QUERY: Final = 200
MAX_SIZE: Final = 100
# Hits of a page that are explained: each needs an analysis of the whole text. (MAX_QUERY bounds the rest: a
# query of 200 characters has at most 170 phrases with its synonyms and 600 ranking terms, and takes 0.4 s
# over 200 articles that contain all of it, 1.1 s if 100 of them are explained.)
MAX_EXPLAINED: Final = 20

# Calibration of the semantic thresholds by nonsense queries, each of FLOOR_WORDS words from titles. The
# background is the mean similarity of such a query and a passage. The minimum similarities of the top hit
# are quantiles of the nonsense queries' top hits: FLOOR_QUANTILE for sentences, queries with keyword matches
# and likely misspellings, KEYWORD_LIST_QUANTILE for other lists of keywords. (With 200 probes the latter
# varied by 0.006 between draws, as much as separates real queries from nonsense.)
FLOOR_PROBES: Final = 500
FLOOR_WORDS: Final = 3
FLOOR_TITLES: Final = 500
FLOOR_QUANTILE: Final = 0.25
KEYWORD_LIST_QUANTILE: Final = 0.9
BACKGROUND_ARTICLES: Final = 100
# The other hits must reach this share of the way from the background to the top hit.
SEMANTIC_CUTOFF: Final = 0.4

# Passages shown under a result, and the characters of each.
SHOWN_PASSAGES: Final = 2
SNIPPET_LENGTH: Final = 160

# Related articles: weight of a word in their titles, beside the text (real corpus, nDCG@10: 0.879 at 0.3,
# 0.870 at 0.15). The mean of an article's vectors is weaker evidence than its words: that of a long essay
# is similar to everything. (Judged sample, nDCG@10: words 0.61, semantic 0.43, fused equally 0.59, with half
# the weight 0.65.)
RELATED_TITLE: Final = 0.3
RELATED_SEMANTIC: Final = 0.5
# How often a word of the shown title counts, the words considered, the words searched, hits of each list.
RELATED_TITLE_COUNT: Final = 3
RELATED_CANDIDATES: Final = 200
RELATED_WORDS: Final = 25
RELATED_WINDOW: Final = 50

# Precedents: characters of a draft, passages of it that are searched, passages returned of one article.
MAX_DRAFT: Final = 20_000
MAX_DRAFT_PASSAGES: Final = 8
PRECEDENTS_PER_ARTICLE: Final = 3
# The BM25 score that a passage needs by words, as a share of the idf of the words of the draft: one that
# holds this share of them, once each, in a passage of average length, scores about as much. (Judged sample,
# nDCG@10: 0.858 without, 0.870 at 0.08, 0.878 at 0.1, 0.879 at 0.12, 0.862 at 0.15, 0.841 at 0.2.)
PRECEDENT_MIN_SHARE: Final = 0.12
# Weight of a third list, beside keyword and semantic: the BM25 score of the article around the passage.
# (nDCG@10 of precedents: judged sample 0.845 without, 0.869 at 1; real corpus, of the judged ones, 0.869 and
# 0.871.)
PRECEDENT_ARTICLE: Final = 1.0

# Longer texts get no completions: they are pasted, not typed.
MAX_COMPLETED: Final = 50
# Corrections shown for a query without results. Each is searched before it is shown; so many are tried.
CORRECTIONS: Final = 3
CORRECTIONS_TRIED: Final = 6
