"""Services of the contracts in the namespace `llm`: a tokenizer and a causal language model."""
