"""The constraints of a call that go by the name or the source of an endpoint, and the list of all constraints.

One preference is one constraint, and one constraint is one small function: endpoint -> what it has against it, or None.
A list that allows is one preference; of a list that bans or requires, every entry is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ploked_protocol.catalog import EndpointRecord
from ploked_protocol.errors import ReasonCode
from ploked_protocol.keys import entry_matches, is_tier

from . import capabilities, policy
from .effective import Effective
from .entries import Entries
from .rules import RULE, Constraint, Edit, Edits, Said, label


def constraints(effective: Effective, endpoints: Sequence[EndpointRecord]) -> list[Constraint]:
    """Return the constraints in force over the `endpoints` of a model, in the order in which a plan applies them.

    Source, service tier, allowed providers, `only`, `order` without fallbacks, banned providers, `ignore`,
    quantization, required parameters, tools, parameters sent, length of the output, context, price, data policy, zero
    data retention, distillable text, outages, selected endpoints.
    """
    lists = Lists(effective, endpoints)
    return [
        *policy.source(effective, lists.tables_made()),
        lists.tier(),
        *lists.not_allowed(),
        *_denied(effective),
        *capabilities.quantization(effective),
        *capabilities.required(effective),
        *capabilities.tools(effective),
        *capabilities.sent(effective),
        *capabilities.output(effective),
        *capabilities.context(effective),
        *capabilities.price(effective),
        *policy.data(effective),
        *lists.down(),
        *lists.not_selected(),
    ]


class Lists:
    """The constraints that go by the lists which limit a plan or ask for an endpoint by its whole tag."""

    def __init__(self, effective: Effective, endpoints: Sequence[EndpointRecord]) -> None:
        self._effective = effective
        self._tags = {each.key.tag for each in endpoints}
        self._must_be_asked_for = {
            each.key.tag
            for each in endpoints
            if is_tier(each.key.tag) or (policy.is_down(each) and not effective.prefs.allow_down)
        }

    def tables_made(self) -> list[Edits]:
        """Return the edits that give the model a table in config.toml, where it has none: those that ask for a tier."""
        effective = self._effective
        if effective.table is not None or not effective.order.path.startswith(effective.path) or effective.narrowings:
            return []
        tiers = [tag for tag in sorted(self._must_be_asked_for) if is_tier(tag) and tag not in effective.asked]
        return [self._asking(tag) for tag in tiers]

    def not_allowed(self) -> Iterator[Constraint]:
        """Require that every list of allowed providers covers the endpoint, except empty ones."""
        for listed in self._effective.narrowings:
            if listed is not self._effective.selected:
                yield self._listed("notAllowed", "is not in", listed)

    def not_selected(self) -> Iterator[Constraint]:
        """Require that the endpoint is selected, where a selection is made."""
        if self._effective.selected.entries:
            yield self._listed("notSelected", "is not among", self._effective.selected)

    def tier(self) -> Constraint:
        """Require that a list names a service tier by its whole tag: no slug means one, and neither does silence."""
        asked = self._effective.asked

        def check(endpoint: EndpointRecord) -> Said:
            tag = endpoint.key.tag
            if not is_tier(tag) or tag in asked:
                return None
            return f"{label(endpoint)} is a service tier: it has to be asked for by its whole tag"

        says = "the rule that service tiers must be asked for"
        return Constraint(
            "tierNotAskedFor", RULE, says, check, lambda each: (self._asking(each.key.tag),), upstream=True
        )

    def down(self) -> Iterator[Constraint]:
        """Require that the endpoint answers most requests, unless a list asks for it by its whole tag."""
        effective = self._effective
        if effective.prefs.allow_down:
            return
        asked, allow = effective.asked, Edit("set", "registry.allow_down", "true")

        def check(endpoint: EndpointRecord) -> Said:
            if not policy.is_down(endpoint) or endpoint.key.tag in asked:
                return None
            return f"{label(endpoint)} is down: {policy.outage(endpoint)}, and registry.allow_down is false"

        def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
            return ((allow,), *((edit,) for edit in self._naming(endpoint)))

        source = effective.source("registry", "allow_down")
        yield Constraint("down", source, "registry.allow_down (false)", check, lift)

    def _listed(self, code: ReasonCode, relation: str, listed: Entries) -> Constraint:
        effective = self._effective
        says = f"{listed.name} ({', '.join(listed.entries)})"
        if listed is effective.order:
            says += " without fallbacks"
        whole = self._without(listed)

        def check(endpoint: EndpointRecord) -> Said:
            return None if listed.covers(endpoint.key.tag) else f"{label(endpoint)} {relation} {says}"

        def lift(endpoint: EndpointRecord) -> tuple[Edits, ...]:
            added = self._widened(listed, endpoint)
            if added is None:
                return ((whole,),)
            return ((added,), *((whole, edit) for edit in self._asked_elsewhere(listed, endpoint)))

        upstream = listed is effective.only or listed is effective.order
        return Constraint(code, effective.entry_source(listed), says, check, lift, upstream)

    def _without(self, listed: Entries) -> Edit:
        """Return the edit after which a list limits nothing."""
        effective = self._effective
        if listed is effective.order:
            return Edit("set", effective.routing_path("allow_fallbacks"), "true")
        if listed is effective.only:
            return effective.taken_off("only", "[]")
        if listed.layer == "call" and effective.model.selected_endpoints:
            return Edit("set", listed.path, "[]")  # removed, it would uncover the configured selection
        return Edit("remove", listed.path)

    def _widened(self, listed: Entries, endpoint: EndpointRecord) -> Edit | None:
        """Return the edit that adds an endpoint to a list which cannot be taken away instead; None when it can.

        An endpoint that must be asked for needs the entry, and so does one that the list asks for already.
        """
        tag = endpoint.key.tag
        unasked = is_tier(tag) and tag not in self._effective.asked
        return Edit("add", listed.path, tag) if unasked or self._asks(listed) else None

    def _asked_elsewhere(self, listed: Entries, endpoint: EndpointRecord) -> list[Edit]:
        """Return the edits that ask for an endpoint in another list, so that `listed` may go; none where it may not."""
        if self._asks(listed):
            return []
        others = (each for each in self._effective.narrowings if each is not listed)
        return [Edit("add", each.path, endpoint.key.tag) for each in others if not each.covers(endpoint.key.tag)]

    def _asks(self, listed: Entries) -> bool:
        """Return whether a list asks for endpoints by their whole tag, which would be lost without it."""
        return listed is not self._effective.order and not listed.known.isdisjoint(self._must_be_asked_for)

    def _asking(self, tier: str) -> Edits:
        """Return the edits that ask for a service tier; none where lists limit the plan, for then each has its own."""
        effective = self._effective
        if effective.narrowings:
            return ()
        edits = [Edit("add", effective.order.path, tier)]
        if effective.routing.allow_fallbacks is False and self._tags != {tier}:  # else no other one would be left
            edits.append(Edit("set", effective.routing_path("allow_fallbacks"), "true"))
        return tuple(edits)

    def _naming(self, endpoint: EndpointRecord) -> list[Edit]:
        """Return the edits, of those that other constraints need for an endpoint, that ask for it by its whole tag."""
        tag = endpoint.key.tag
        added = [
            edit
            for listed in self._effective.narrowings
            if not listed.covers(tag) and (edit := self._widened(listed, endpoint))
        ]
        if is_tier(tag) and tag not in self._effective.asked:
            added += self._asking(tag)[:1]
        return [Edit("add", edit.path, tag, by_name=True) for edit in added]


def _denied(effective: Effective) -> Iterator[Constraint]:
    """Require that no entry bans the endpoint; the request sends all of them as `ignore`."""
    for listed in (effective.denied, effective.ignored):
        for entry in dict.fromkeys(listed.entries):
            yield _banned(effective, listed, entry)


def _banned(effective: Effective, listed: Entries, entry: str) -> Constraint:
    says, within = f"{listed.name} ({entry})", f"{entry}/"
    edits = ((Edit("remove", listed.path, entry),),)

    def check(endpoint: EndpointRecord) -> Said:
        tag = endpoint.key.tag
        is_banned = tag == entry or (tag.startswith(within) and entry_matches(entry, tag))
        return f"{label(endpoint)} is in {says}" if is_banned else None

    return Constraint("denied", effective.entry_source(listed, entry), says, check, lambda _: edits, upstream=True)
