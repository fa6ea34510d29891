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
# Added when the chunk is the author, issuer, kind, category or 文号 of the article, which then counts as one
# that contains it literally: as for a title.
METADATA: Final = 6.0
# The same for a synonym, if the article lacks the words themselves. (Law questions, nDCG@10 of the 32 with a
# synonym: 0.2083 without, 0.2093 so, 0.2083 at twice and 0.2019 at four times the weights; 0.1949 if it also
# counts beside the exact word.)
SYNONYM_TITLE: Final = 1.5
SYNONYM_TEXT: Final = 0.75
# BM25 weight of the words of synonyms: enough to order articles of which none has the word as typed, and the
# exact word ranks above them. (Real corpus, nDCG@10 by keyword 0.515; 0.496 before everyday words. Everyday
# phrases with a right article in the first three: 64 at 0, 66 at 0.3; 0.6 no better.)
SYNONYM_WORDS: Final = 0.3
# The vector of a query with synonyms is the mean of that of the text as typed and that of the text followed
# by the first synonyms of each word. (Real corpus, nDCG@10 by semantic and by hybrid search: as typed 0.678,
# 0.694 without everyday words; the second alone 0.663, 0.711; the mean 0.682, 0.715. Everyday phrases right
# in the first three: 66, 68, 69; with all synonyms 69.)
EMBEDDED_SYNONYMS: Final = 2

# Added when an article is not of another year or another place than the query names, or not of the opposite
# direction: what differs there has nearly the same words and meaning. (Direction, nDCG@10 of hybrid search at
# 8, 16, 24, 32: named documents, even 0.795, 0.792, 0.793, 0.787, odd 0.885, 0.888, 0.889, 0.886; for 降价,
# without the word in any text, 上调 came first below 16, for 迁进来 迁出 below 24.)
SUBJECT: Final = 8.0
DIRECTION: Final = 24.0

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
# Hybrid search adds two absolute scores, each to the power of FUSION_POWER: the keyword score ÷
# (KEYWORD_SCALE × ln of the number of articles, the highest idf), and the cosine above the background, times
# its weight. (ADR 0022.)
KEYWORD_SCALE: Final = 10.0
SIMILARITY_WEIGHT: Final = 1.5
FUSION_POWER: Final = 1.5
# The similarity of a keyword hit that is not among the nearest articles, as a share of the lowest among them.
UNKNOWN_SIMILARITY: Final = 0.8
# Related articles and precedents fuse by scaled scores and reciprocal ranks.
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
# A relaxed query ends where more articles than these would match if its words were independent: those that
# hold one weak word of six are no answer. (Of 200 law questions over 50,000 articles most matched 40,000.)
RELAXED_TAIL: Final = 300
# If a title has all words of a question, it names a document: others are near only with this share of its
# idf, or of the way from the background to the top hit. (区纪委2022年度工作总结 of 193 articles: 87 without,
# 16 so. Named documents, nDCG@10 and Recall@100: hybrid 0.836 and 0.963 without, 0.835 and 0.959 so.)
TITLED_SHARE: Final = 0.6
# Queries of fewer words are never classified as gibberish.
GIBBERISH_MIN_WORDS: Final = 3
# Phrases of fewer characters are never classified as scrambled.
SCRAMBLED_MIN_LENGTH: Final = 5
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
KEYWORD_LIST_QUANTILE: Final = 0.92
BACKGROUND_ARTICLES: Final = 100
# A list of keywords that no article contains is compared with nonsense by the similarity of its nearest
# article plus this much of its cohesion. (At 90 % of heaps of three words without results, everyday phrases
# with some: sample 12 of 73 at 0, 30 at 0.8, 40 at 1, 44 at 1.2; real corpus 13 of 23, 17, 17, 18. More lets
# random characters pass. Of 200 everyday phrases and 600 heaps in the sample, so many pass if the cohesion is
# that of the words themselves 71 and 54 at a quantile of 0.9; with synonyms 121 and 53; at 0.92 103, 38.)
COHESION_WEIGHT: Final = 1.0
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

# What a related article must have in common. First, unless there are few articles, words as rare together as
# RELATED_MIN_WORDS words of two articles; only words count that are each RELATED_TELLING as rare: 通知 tells
# nothing. Then, of the words' weight and the similarity (0: unrelated texts, 1: the same) RELATED_MIN
# together, or RELATED_SIMILAR alone; without vectors this share of the weight. (Judged sample: of six shown
# 52 % were judged as related without, 54 % at 0.6, 60 % at 0.65; nDCG@10 0.771, 0.762, 0.743, the copies left
# out.)
RELATED_FEW: Final = 20
RELATED_MIN_WORDS: Final = 0.5
RELATED_TELLING: Final = 0.4
RELATED_MIN: Final = 0.6
RELATED_SIMILAR: Final = 0.7
RELATED_MIN_SHARE: Final = 0.15
# Fetched beyond what is shown, because some are copies or have too little in common. Of a copy this share of
# the runs of five characters is the same, in so many characters at the beginning.
RELATED_SPARE: Final = 10
COPY_LENGTH: Final = 1000
COPY_SHARE: Final = 0.85

# Precedents: characters of a draft, passages of one article in each list, characters of a passage (shorter
# ones say too little to be quoted).
MAX_DRAFT: Final = 20_000
# A manuscript that is exported: characters with what was inserted, and paragraphs.
MAX_MANUSCRIPT: Final = 50_000
MAX_PARAGRAPHS: Final = 1_000
# Passages of one article.
PRECEDENTS_PER_ARTICLE: Final = 3
PRECEDENT_LENGTH: Final = 40
# Of a draft: characters of a section that is searched, its words of the highest idf, articles in each list
# of it, passages shown for it.
SECTION_LENGTH: Final = 20
SECTION_WORDS: Final = 40
SECTION_WINDOW: Final = 30
SECTION_PASSAGES: Final = 10
# A sentence of a draft is nearly the same as one of a passage that has this share of its runs of four
# characters, if it has so many.
REPEATED_SHARE: Final = 0.7
REPEATED_LENGTH: Final = 10
# A check of a draft: a paragraph of so many runs of four characters is the same as an existing text that has
# this share of them, among the best passages of so many articles; so many paragraphs are looked up.
COPIED_LENGTH: Final = 30
COPIED_SHARE: Final = 0.6
COPIED_CONSIDERED: Final = 5
COPIED_MOST: Final = 200
# It lacks a part that this share of so many documents of its kind or more have, among those that are best
# for so many words of its title.
MODELS_SHARE: Final = 0.6
MODELS_FEWEST: Final = 5
MODELS_WORDS: Final = 15
# The BM25 score that a passage needs by words, as a share of the idf of the words of the draft: one that
# holds this share of them, once each, in a passage of average length, scores about as much. (Judged sample,
# nDCG@10: 0.858 without, 0.870 at 0.08, 0.878 at 0.1, 0.879 at 0.12, 0.862 at 0.15, 0.841 at 0.2.)
PRECEDENT_MIN_SHARE: Final = 0.12
# To order passages, these are added to BM25 ÷ the idf of all words and to the similarity: so much of the BM25
# of the article; the share of the idf that the words in passage, headings and title have; those in headings
# and title; being at the place that the topic names. (ADR 0036.)
PRECEDENT_ARTICLE: Final = 1.4
PRECEDENT_SHARE: Final = 1.2
PRECEDENT_NAMED: Final = 0.4
PRECEDENT_PLACE: Final = 0.4
# A passage is shown if its words have this share of the idf of all, or its similarity is so far on the way
# from the background to the floor; without similarities the share counts CLOSE_WORDS_ALONE times. (ADR 0036.)
CLOSE: Final = 0.75
CLOSE_WORDS_ALONE: Final = 1.5

# Reuse: characters of a paragraph that is compared (shorter ones are formulas), paragraphs of an article,
# words by which each is searched, articles found by them, articles whose texts are compared. A passage needs
# this share of what the paragraph itself scores.
REUSE_LENGTH: Final = 20
REUSE_PARAGRAPHS: Final = 500
REUSE_WORDS: Final = 20
REUSE_WINDOW: Final = 21  # with the article itself
REUSE_ARTICLES: Final = 200
REUSE_LEAST_SCORE: Final = 0.25
# A paragraph is in another text, nearly or edited, if that has this share of its characters in their order.
REUSE_NEAR: Final = 0.85
REUSE_EDITED: Final = 0.65
# An edited one also needs common words that are together as telling as so many that only one passage has:
# 本条例自2024年5月1日起施行 is in every law. (ADR 0035.)
REUSE_TELLING: Final = 2.0
# What so many other articles have is boilerplate. An article with this share of another one is like it.
REUSE_BOILERPLATE: Final = 8
REUSE_ALIKE: Final = 0.6

# Longer texts get no completions: they are pasted, not typed.
MAX_COMPLETED: Final = 50
# Corrections shown for a query without results. Each is searched before it is shown; so many are tried.
CORRECTIONS: Final = 3
CORRECTIONS_TRIED: Final = 6
