"""The constants that shape relevance, each with its reason and the measurement behind it.

Reviewed as one file: nothing else in the service holds a number that changes an order of results.
"""

from typing import Final

# BM25 weights of the fields. Words carry meaning; bigrams rank what the dictionary cut apart; characters
# what is said with another word of the same root (偿还 for 还).
WORDS: Final = 1.0
BIGRAMS: Final = 0.5
CHARACTERS: Final = 0.3
# A title names the subject: beside the text, in which it counts already, it counts a little more. (nDCG@10
# by keyword at 0.3 and 0.1, at half of it, at 0: law questions 0.362, 0.367, 0.368; queries over the real
# corpus 0.506, 0.495, 0.484. By hybrid search all are alike: 0.413, 0.414, 0.413; 0.670, 0.671, 0.670.)
TITLE_WORDS: Final = 0.15
TITLE_BIGRAMS: Final = 0.05
# Added when a chunk of the query stands literally in the title or the text: 三无小区 as such stands
# above texts that hold 三, 无 and 小区 apart, however often. More than the words and bigrams of a term
# give together. (100 coined terms of 6,195 documents, share ordered right by keyword: 17 % at 3, 91 % at
# 20, 98 % at 40, all at 80; judged sample, nDCG@10: 0.534 at 3, 0.528 from 20 on. ADR 0010.)
LITERAL: Final = 80.0
# A clause of a question (QUESTION) is no term.
LITERAL_CLAUSE: Final = 3.0
# And more where it stands in the title: about one strong word's BM25 score.
LITERAL_TITLE: Final = 6.0
# The same for a synonym where the words themselves do not stand; it scores nothing else, so that the exact
# word is above it. (Law questions, nDCG@10 of the 32 with a synonym: 0.2083 without, 0.2093 so, 0.2083
# at twice and 0.2019 at four times the weights; 0.1949 where it also counts beside the exact word.)
SYNONYM_TITLE: Final = 1.5
SYNONYM_TEXT: Final = 0.75

# How many hits of each list are fused; beyond them the keyword order goes on.
WINDOW: Final = 300
# What an article is, beside what it says, as factors on its score in that window: enough to decide
# between what is about equally relevant, and no more (three hits of the middle of a list are 2 % apart). A
# document that is no longer in force stands below its equals.
ENDED_FACTOR: Final = 0.8
# The newest of the hits gains so much, one that is so many years older half of that.
RECENCY: Final = 0.03
RECENCY_YEARS: Final = 5.0
# The most read of the hits gains so much, others by the logarithm of how often they were read.
POPULARITY: Final = 0.02
# How the lists are fused: scores, and beside them ranks. What meaning counts for where keywords count 1.
SEMANTIC_WEIGHT: Final = 1.4
RANK_WEIGHT: Final = 1.0
RRF_K: Final = 20

# The share of the query's idf that an article must hold when none holds all words: that of one and a
# half average words, between the bounds. One word alone, however rare, must not answer a query of
# several; an everyday question has many words that no official writes.
RELAXED_WORDS: Final = 1.5
RELAXED_MIN_SHARE: Final = 0.25
RELAXED_MAX_SHARE: Final = 0.55
# A chunk of so many characters is a question or a sentence, of which a share is asked for at once, unless
# some article holds it as it was typed.
QUESTION_LENGTH: Final = 8
# Its words are many and mostly of no office. Some article must hold so many average words of it, and two
# of them, or there is no answer; then, and where somebody speaks (怎么, 我, 吗), a part of that is enough
# for the others. (Keyword: law questions Recall@100 0.57 with 1.5 words for all, 0.65 so. ADR 0011.)
QUESTION_WORDS: Final = 1.35
QUESTION_LENIENT_WORDS: Final = 0.5
# Fewer words are not judged by whether they are words at all.
GIBBERISH_MIN_WORDS: Final = 3
# The weights of AtLeast are idf on a scale of whole numbers.
IDF_STEPS: Final = 8

# Plain pages end here: nobody reads further, and the cost of a page grows with its depth.
MAX_RESULTS: Final = 1000
# Cursors end here, over both engines: Elasticsearch sorts no further (index.max_result_window).
MAX_DEPTH: Final = 10_000
MAX_QUERY: Final = 200
MAX_SIZE: Final = 100
# So many hits of a page are explained: each takes the whole text apart. (MAX_QUERY bounds the rest: a
# query of 200 characters has at most 170 phrases with its synonyms and 600 terms that rank, and takes
# 0.4 s over 200 articles of which each holds all of it, 1.1 s where 100 of them are explained.)
MAX_EXPLAINED: Final = 20

# How meaning is judged: by nonsense, three words of titles. The background is the mean similarity of
# such a question and a passage; the floors are quantiles of their best hits, for what has a sentence, words
# that some article holds or a likely slip, and for the rest. (With 200 probes the higher one moved
# by 0.006 from draw to draw, which is as much as lies between real queries and heaps.)
# Hits nearer than this share of the way from the background to the best one belong to the answer.
SEMANTIC_CUTOFF: Final = 0.4
FLOOR_PROBES: Final = 500
FLOOR_WORDS: Final = 3
FLOOR_TITLES: Final = 500
FLOOR_QUANTILE: Final = 0.25
KEYWORD_LIST_QUANTILE: Final = 0.9
BACKGROUND_ARTICLES: Final = 100

# Passages shown under a result, and the characters of each.
SHOWN_PASSAGES: Final = 2
SNIPPET_LENGTH: Final = 160

# Related articles: what a word counts in their titles, beside the text (real corpus, nDCG@10: 0.879 at 0.3,
# 0.870 at 0.15), how often a word of the title counts, the words considered and asked for, the
# articles taken of each list. The mean of an article's vectors is weaker evidence than its words: the
# mean of a long essay is near to everything. (Judged sample, nDCG@10: words 0.61, meaning 0.43,
# fused equally 0.59, with half the weight 0.65.)
RELATED_TITLE: Final = 0.3
RELATED_SEMANTIC: Final = 0.5
RELATED_TITLE_COUNT: Final = 3
RELATED_CANDIDATES: Final = 200
RELATED_WORDS: Final = 25
RELATED_WINDOW: Final = 50

# Precedents: a draft's length, the passages of it that are asked for, the passages one article may
# give, and the share of a question's idf that a passage found by words must hold.
MAX_DRAFT: Final = 20_000
MAX_DRAFT_PASSAGES: Final = 8
PRECEDENTS_PER_ARTICLE: Final = 3
# (Judged sample, nDCG@10: 0.72 at 0.3, 0.78 at 0.15.)
PRECEDENT_MIN_SHARE: Final = 0.15
# The BM25 score of the article around a passage, as a list of its own beside those of words and meaning.
# (nDCG@10 of precedents: judged sample 0.845 without, 0.869 at 1; real corpus, of what is judged, 0.869 and
# 0.871.)
PRECEDENT_ARTICLE: Final = 1.0

# What was typed may be at most so long: longer texts are pasted, not typed.
MAX_COMPLETED: Final = 50
# Questions offered instead of one that finds nothing. Each is asked before it is
# offered, and so many are asked at most.
CORRECTIONS: Final = 3
CORRECTIONS_TRIED: Final = 6
