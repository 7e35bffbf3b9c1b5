"""What is asked of REST servers that are compared, and what they answer."""

from __future__ import annotations

from typing import Any, Final

IDS: Final = [[101, *range(2_000, 2_011), 102]]
MASK: Final = [[1] * 13]
TEXT: Final = "something happened"
_ORDER: Final = {
    "id": "o-93261",
    "customer": "Ada Lovelace",
    "email": "ada@example.org",
    "street": "12 St James's Square",
    "city": "London",
    "country": "GB",
    "currency": "GBP",
    "note": "leave it at the door",
    "quantity": 3,
    "weight": 1_250,
    "created": 1_767_225_600_000,
    "changed": 1_767_229_200_000,
    "number": 93_261,
    "price": 19.99,
    "tax": 0.2,
    "discount": 2.5,
    "paid": True,
    "sent": False,
    "tags": ["gift", "fragile", "express"],
    "coupon": None,
}
_NUMBERS: Final = {"values": [number / 7 for number in range(1_000)]}

PAYLOADS: Final[dict[str, tuple[str, Any, Any]]] = {
    "small": (
        "/tokenize",
        {"text": "Hello world", "add_special_tokens": True},
        {"input_ids": IDS, "attention_mask": MASK},
    ),
    "medium": ("/order", _ORDER, _ORDER),
    "numbers": ("/numbers", _NUMBERS, _NUMBERS),
}
"""By name: the path, the request's body, and the answer's."""
