"""The causal language model: its checkpoint, its computation, its service, and how it was trained.

Nothing is imported here, so that the corpus and the evaluation can be used without torch's price.
"""
