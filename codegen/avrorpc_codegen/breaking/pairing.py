"""Which declarations of the old version are which of the new: by name, by alias, or by their last part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from avrorpc.schema import Field, Named, full_aliases, short_name

from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType


@dataclass(slots=True)
class Pairing:
    """The old and the new version of each declaration, and those that have only one."""

    types: list[tuple[DeclaredType, DeclaredType]] = field(default_factory=list)
    protocols: list[tuple[DeclaredProtocol, DeclaredProtocol]] = field(default_factory=list)
    removed_types: list[DeclaredType] = field(default_factory=list)
    removed_protocols: list[DeclaredProtocol] = field(default_factory=list)
    added_protocols: list[DeclaredProtocol] = field(default_factory=list)
    new_names: dict[str, str] = field(default_factory=dict)
    """New full names of types by old ones."""

    def is_same(self, old: Named, new: Named) -> bool:
        """Return whether a type of the old version became this one."""
        return self.new_names.get(old.name) == new.name


def pair(old: Contracts, new: Contracts) -> Pairing:
    """Pair two versions."""
    pairing = Pairing()
    pairing.new_names = _type_names(old, new)
    for name, declared in old.types.items():
        if name in pairing.new_names:
            pairing.types.append((declared, new.types[pairing.new_names[name]]))
        else:
            pairing.removed_types.append(declared)
    names = {name: name for name in old.protocols if name in new.protocols}
    names |= _moved(
        [n for n in old.protocols if n not in names], [n for n in new.protocols if n not in names]
    )
    _renamed_in_its_file(names, old, new)
    for name, protocol in old.protocols.items():
        if name in names:
            pairing.protocols.append((protocol, new.protocols[names[name]]))
        else:
            pairing.removed_protocols.append(protocol)
    kept = set(names.values())
    pairing.added_protocols = [item for name, item in new.protocols.items() if name not in kept]
    return pairing


def pair_fields(old: Sequence[Field], new: Sequence[Field]) -> dict[str, str]:
    """Return the new names of fields by old ones: the same, or one of which the other is an alias."""
    names = {item.name for item in old} & {item.name for item in new}
    pairs = {name: name for name in names}
    old_only = {item.name: item for item in old if item.name not in names}
    for item in new:
        if item.name in names:
            continue
        found = next((alias for alias in item.aliases if alias in old_only), None)
        found = found or next((n for n, before in old_only.items() if item.name in before.aliases), None)
        if found is not None:
            pairs[found] = item.name
            del old_only[found]
    return pairs


def _type_names(old: Contracts, new: Contracts) -> dict[str, str]:
    names = {name: name for name in old.types if name in new.types}
    old_only = {name: item.named for name, item in old.types.items() if name not in names}
    new_only = {name: item.named for name, item in new.types.items() if name not in names}
    for name, named in new_only.items():
        found = next((alias for alias in full_aliases(named) if alias in old_only), None)
        found = found or next((n for n, before in old_only.items() if name in full_aliases(before)), None)
        if found is not None:
            names[found] = name
            del old_only[found]
    taken = set(names.values())
    return names | _moved(old_only, [name for name in new_only if name not in taken])


def _moved(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """Return names that kept their last part, where no other could be meant."""
    before, after = _by_short_name(old), _by_short_name(new)
    return {
        names[0]: after[short][0]
        for short, names in before.items()
        if len(names) == 1 and len(after.get(short, ())) == 1
    }


def _by_short_name(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(short_name(name), []).append(name)
    return found


def _renamed_in_its_file(names: dict[str, str], old: Contracts, new: Contracts) -> None:
    """Pair a protocol with the one that took its place in its file, if they have messages in common."""
    taken = set(names.values())
    for name, before in old.protocols.items():
        if name in names:
            continue
        for other, after in new.protocols.items():
            same_file = before.unit.path.name == after.unit.path.name
            common = before.protocol.messages.keys() & after.protocol.messages.keys()
            if other not in taken and same_file and len(common) * 2 > len(before.protocol.messages):
                names[name] = other
                taken.add(other)
                break
