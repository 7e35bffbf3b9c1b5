"""What the shipped checkpoint is made of: its tokenizer, its architecture, and the stream it reads.

Everything here follows from the documents and from the constants; how the weights are found is
`optimization`'s matter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig

PAD: Final = "<pad>"
BOS: Final = "<bos>"
EOS: Final = "<eos>"
PAD_ID, BOS_ID, EOS_ID = 0, 1, 2
VOCABULARY_SIZE: Final = 2048
CONTEXT_WINDOW: Final = 1024


def train_tokenizer(documents: Sequence[str]) -> Tokenizer:
    """Train a byte-level BPE tokenizer, which spells any text: all 256 bytes are tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    # Only the beginning is put before a text by itself, so that Hugging Face's tools can continue it.
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, BOS_ID)]
    )
    return tokenizer


def configuration() -> LlamaConfig:
    """Return the architecture: a Llama of 3.5 million weights, its embeddings tied."""
    return LlamaConfig(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        intermediate_size=704,
        max_position_embeddings=CONTEXT_WINDOW,
        tie_word_embeddings=True,
        pad_token_id=PAD_ID,
        bos_token_id=BOS_ID,
        eos_token_id=EOS_ID,
    )


def encode_stream(tokenizer: Tokenizer, documents: Sequence[str]) -> torch.Tensor:
    """Return all documents as one row of ids, each between its beginning and its end token.

    Documents of one file stay together, so that a long stretch of the stream has a common subject.
    """
    stream: list[int] = []
    for encoding in tokenizer.encode_batch(documents, add_special_tokens=False):
        stream += (BOS_ID, *encoding.ids, EOS_ID)
    return torch.tensor(stream)


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`."""
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "bos_token": BOS,
        "clean_up_tokenization_spaces": False,
        "eos_token": EOS,
        "model_max_length": CONTEXT_WINDOW,
        "pad_token": PAD,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    text = json.dumps(settings, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")
