"""The query language of search: its grammar, its predicates, and the records of its problems and its completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from .wire import Wire

GRAMMAR = """\
query     = { blank } , [ term , { blank , { blank } , term } ] , { blank } ;
term      = [ "-" ] , ( predicate | flag | marker | phrase | word ) | sort | limit ;
predicate = name , operator , value , { "," , value } ;
name      = (* of the tables below *) ;
operator  = ":" | "=" | ">=" | "<=" | ">" | "<" ;
value     = phrase | text | number , [ unit ] | date ;
number    = [ "$" ] , digit , { digit | "_" } , [ "." , digit , { digit } ] ;
unit      = "k" | "M" | "/k" | "/M" | "ms" | "s" | "%" ;
date      = year , [ "-" , month , [ "-" , day ] ] | digit , { digit } , ( "d" | "w" | "m" | "y" ) ;
sort      = "sort:" , key , { "," , key } ;
key       = [ "-" ] , name ;
limit     = "limit:" , digit , { digit } ;
phrase    = '"' , { character - '"' } , '"' ;
flag      = (* a predicate of kind flag, as a word of its own *) ;
marker    = "@fav" | "@recent" ;
text      = character - ( blank | "," ) , { character - ( blank | "," ) } ;
word      = (* any other characters without blanks *) ;
year      = digit , digit , digit , digit ;
month     = digit , [ digit ] ;
day       = digit , [ digit ] ;
"""
"""EBNF of ISO 14977. Case does not count, and blanks may stand around an operator other than ":"."""

READING = """\
Terms are joined by *and*, the values of one predicate by *or* (`provider:deepinfra,fireworks`); `-` negates a term.

- **Words** are ranked: each must be found in the id, the name, the canonical slug or the description. A **phrase** must
  stand there word for word. A negated word or phrase drops the models that are *called* so (id, name, canonical slug);
  a mention in a description drops nothing.
- A word that is a **flag** (`tools`, `vision`, `free`, `zdr`, `caching`) is read as the flag; `"free"` is the word.
- **Endpoints**: all predicates about endpoints, negated ones too, must hold of *one and the same* endpoint:
  `provider:deepinfra in<0.5 tools` asks for an endpoint of deepinfra that takes tools and costs under 0.5, and
  `-provider:novita` for one that is not of novita. Where endpoints are not known (`basis` is `"hint"`), what the model
  list says stands in for one endpoint.
- **Unknown facts** never drop a model: it stays, and `uncertain` of the result names its row.
- **Prices** are USD per million tokens, where the table does not say otherwise; `/k` makes them per thousand. `k` is
  1,000 and `M` 1,000,000. A **duration** needs its unit, `ms` or `s`.
- **Dates** name a day, a month or a year: `created:2026-01` is within it, `>` after its end, `<` before its start.
  `30d`, `4w`, `6m`, `1y` are that long ago; for `expires`, that far ahead.
- **Quantizations** compare by bits: {quantizations}. Others, and unknown ones, are uncertain. With `:` it is the name.
- **Ids**: what has the form of an id or a name is a word, `glm-5.2:free` and `Anthropic:` too; `param:` takes every
  name that `supportedParameters` may hold.
- `sort` sorts upwards, with `-` downwards, `new` newest first; unknown facts come last in either direction, and equals
  stay in the order of relevance. Of several `limit` the last counts.
- **Mistakes** cost only themselves: the rest of the query applies, and `problems` says what is wrong, from which
  character to which (in Unicode code points, the end not included), what was expected, and what to put in its place.
"""

Kind = Literal[
    "flag", "marker", "text", "tokens", "usd", "percent", "duration", "rate", "count", "date", "quantization", "list",
]  # fmt: skip

UNITS: dict[Kind, str] = {
    "tokens": "tokens, `200k`, `1M`",
    "usd": "USD, `0.5`, `$0.5`, `$0.5/M`, `$0.0005/k`",
    "percent": "percent, `99`, `99.5%`",
    "duration": "`800ms`, `1.5s`",
    "rate": "tokens per second, `50`",
    "count": "a whole number",
    "date": "`2026-01-31`, `2026-01`, `2026`, `30d`",
    "quantization": "a quantization, `fp8`",
    "text": "text",
    "list": "see above",
    "flag": "",
    "marker": "",
}
"""What the values of a predicate look like."""

QUANTIZATION_BITS = {
    "int4": 4, "fp4": 4, "mxfp4": 4, "nvfp4": 4, "fp6": 6, "int8": 8, "fp8": 8, "mxfp8": 8, "fp16": 16, "bf16": 16,
    "fp32": 32,
}  # fmt: skip
"""The order of quantizations: `quant>=fp8` is 8 bits and more. Those not listed are uncertain."""

PARAMETERS = (
    "frequency_penalty", "include_reasoning", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "min_p",
    "parallel_tool_calls", "prediction", "presence_penalty", "reasoning", "reasoning_effort", "repetition_penalty",
    "response_format", "seed", "stop", "structured_outputs", "temperature", "tool_choice", "tools", "top_a", "top_k",
    "top_logprobs", "top_p", "verbosity", "web_search_options",
)  # fmt: skip
"""The values of `param:` that are known to exist; the catalog may hold more."""


@dataclass(frozen=True)
class Predicate:
    """One predicate of the query language."""

    name: str
    kind: Kind
    fact: str
    """Where the answer comes from: fields of an endpoint (and of a model, as the hint), or of a model alone."""
    help: str
    example: str
    also: tuple[str, ...] = ()
    """Other names."""
    values: tuple[str, ...] = ()
    """The values there are, or usual ones to offer."""

    @property
    def compares(self) -> bool:
        """Whether `>=` and its kin make sense."""
        return self.kind not in ("flag", "marker", "text", "list")


_TOKENS = ("32k", "128k", "200k", "1M")
_USD = ("0.1", "0.5", "1", "3", "10")
_DURATIONS = ("300ms", "500ms", "1s", "3s")
_RATES = ("20", "50", "100", "200")

PREDICATES: tuple[Predicate, ...] = (
    Predicate("tools", "flag", "endpoint supportsTools; model supportedParameters", "takes tools", "tools"),
    Predicate("vision", "flag", "model inputModalities", "reads images", "vision"),
    Predicate("free", "flag", "pricing of endpoint; of model", "costs nothing, whatever the id says", "free"),
    Predicate("zdr", "flag", "endpoint: `zdr`; without it uncertain", "keeps no data", "zdr"),
    Predicate("caching", "flag", "endpoint implicitCaching", "caches prompts by itself", "caching"),
    Predicate("@fav", "marker", "what you marked", "your favourites", "@fav"),
    Predicate("@recent", "marker", "what you picked", "picked lately", "@recent"),
    Predicate(
        "provider", "text", "endpoint provider, key.tag",
        "who serves it: a slug (all but service tiers) or a whole tag", "provider:deepinfra,fireworks",
    ),
    Predicate("author", "text", "model id", "who made it", "author:qwen", also=("by",)),
    Predicate("modality", "text", "model inputModalities, outputModalities", "reads or writes it", "modality:image"),
    Predicate("input", "text", "model inputModalities", "reads it", "input:audio"),
    Predicate("output", "text", "model outputModalities", "writes it", "output:image"),
    Predicate(
        "param", "text", "endpoint supportedParameters; model's", "takes the parameter", "param:seed", values=PARAMETERS
    ),
    Predicate("variant", "text", "model id", "what follows the colon of the id", "variant:batch", values=("none",)),
    Predicate("tokenizer", "text", "model tokenizer", "tokenizer family", "tokenizer:qwen3"),
    Predicate("source", "text", "model source", "the importer that brought it", "source:openrouter"),
    Predicate(
        "is", "text", "model id, isModerated, huggingFaceId",
        "an alias, a router, moderated, or with open weights", "is:open",
        values=("alias", "router", "moderated", "open"),
    ),
    Predicate(
        "quant", "quantization", "endpoint quantization", "quantization", "quant>=fp8",
        values=(*QUANTIZATION_BITS, "unknown"),
    ),
    Predicate("ctx", "tokens", "endpoint contextLength; model contextHint", "context", "ctx>=200k", values=_TOKENS),
    Predicate("maxin", "tokens", "endpoint maxPromptTokens", "longest prompt", "maxin>=100k", values=_TOKENS),
    Predicate(
        "maxout", "tokens", "endpoint maxCompletionTokens; model maxCompletionHint", "longest completion",
        "maxout>=32k", values=("8k", *_TOKENS[:2]),
    ),
    Predicate("in", "usd", "pricing promptPer1m of endpoint; of model", "price of prompts", "in<0.5", values=_USD),
    Predicate(
        "out", "usd", "pricing completionPer1m of endpoint; of model", "price of completions", "out<2", values=_USD
    ),
    Predicate("cost", "usd", "`in` plus `out`", "price of a million tokens each way", "cost<3", values=_USD),
    Predicate(
        "cacheread", "usd", "pricing other.input_cache_read of endpoint; of model", "price of cached prompts",
        "cacheread<0.1", values=_USD,
    ),
    Predicate(
        "cachewrite", "usd", "pricing other.input_cache_write of endpoint; of model", "price of writing to the cache",
        "cachewrite<1", values=_USD,
    ),
    Predicate("perrequest", "usd", "pricing other.request of endpoint; of model", "USD per request", "perrequest<0.01"),
    Predicate("perimage", "usd", "pricing other.image of endpoint; of model", "USD per image", "perimage<0.01"),
    Predicate(
        "persearch", "usd", "pricing other.web_search of endpoint; of model", "USD per web search", "persearch<0.01"
    ),
    Predicate("discount", "percent", "pricing discount of endpoint", "discount, already in the prices", "discount>0"),
    Predicate("up", "percent", "endpoint uptime30m", "uptime, last 30 minutes", "up>=99", values=("95", "99", "99.9")),
    Predicate("up5m", "percent", "endpoint uptime5m", "uptime, last 5 minutes", "up5m>=99"),
    Predicate("up1d", "percent", "endpoint uptime1d", "uptime, last day", "up1d>=99"),
    Predicate("p50", "duration", "endpoint latencyMs.p50", "latency, median", "p50<1s", values=_DURATIONS),
    Predicate("p75", "duration", "endpoint latencyMs.p75", "latency, 75th percentile", "p75<1s", values=_DURATIONS),
    Predicate("p90", "duration", "endpoint latencyMs.p90", "latency, 90th percentile", "p90<2s", values=_DURATIONS),
    Predicate("p99", "duration", "endpoint latencyMs.p99", "latency, 99th percentile", "p99<5s", values=_DURATIONS),
    Predicate("tps", "rate", "endpoint throughputTps.p50", "throughput, median", "tps>50", values=_RATES),
    Predicate("tps75", "rate", "endpoint throughputTps.p75", "throughput, 75th percentile", "tps75>50"),
    Predicate("tps90", "rate", "endpoint throughputTps.p90", "throughput, 90th percentile", "tps90>50"),
    Predicate("tps99", "rate", "endpoint throughputTps.p99", "throughput, 99th percentile", "tps99>50"),
    Predicate("status", "count", "endpoint status", "0 is healthy, below is worse", "status>=0", values=("0",)),
    Predicate(
        "endpoints", "count", "how many endpoints are known", "how many serve it", "endpoints>=3",
        values=("1", "2", "3", "5", "10"),
    ),
    Predicate(
        "created", "date", "model created", "when it was listed; `since:x` is `created>=x`", "since:2026-01",
        also=("since",), values=("30d", "90d", "1y"),
    ),
    Predicate("cutoff", "date", "model knowledgeCutoff", "what it knows of", "cutoff>=2025", values=("1y",)),
    Predicate(
        "expires", "date", "model expires", "when it goes away; `soon` is within 30 days", "expires:none",
        values=("none", "soon"),
    ),
    Predicate("sort", "list", "", "the order", "sort:cost,-ctx"),
    Predicate("limit", "list", "", "how many rows at most", "limit:20", values=("10", "20", "50")),
)  # fmt: skip
"""All predicates, in the order in which they are offered."""

SORT_KEYS: dict[str, str] = {
    "cost": "the cheapest endpoint, prompt plus completion",
    "in": "the cheapest prompt",
    "out": "the cheapest completion",
    "cacheread": "the cheapest cached prompt",
    "ctx": "the largest context",
    "maxout": "the longest completion",
    "new": "newest first",
    "created": "when it was listed",
    "cutoff": "what it knows of",
    "expires": "when it goes away; those without a date never",
    "name": "A to Z",
    "id": "A to Z",
    "up": "the best uptime of its endpoints",
    "p50": "the lowest latency of its endpoints",
    "tps": "the highest throughput of its endpoints",
    "quant": "the most bits of its endpoints",
    "endpoints": "how many serve it",
}
"""What `sort:` goes by. Of several endpoints, the best one counts, as in the row."""

BY_NAME: dict[str, Predicate] = {name: each for each in PREDICATES for name in (each.name, *each.also)}


class QueryProblem(Wire):
    """A mistake in a query, which cost only itself."""

    start: int
    """Of the mistake in the query, in code points."""
    end: int
    """Where the mistake ends, not included; equal to `start` where something is missing."""
    message: str
    expected: list[str] = []
    """What could stand there."""
    suggestion: str | None = None
    """What to put between `start` and `end`."""


class CompleteQueryParams(Wire):
    """A query that is being typed, and where."""

    query: str = ""
    position: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Of the cursor, in code points; the end of the query where it is left out."""


class QueryCompletion(Wire):
    """Something that may stand at the cursor."""

    label: str
    insert_text: str
    kind: Literal["flag", "marker", "predicate", "operator", "value", "sort"]
    detail: str
    count: int | None = None
    """How many models it is said of; null where that says nothing."""


class CompleteQueryResult(Wire):
    """What may stand at the cursor, best first."""

    items: list[QueryCompletion]
    start: int
    """Of the text to replace by `insertText`, in code points."""
    end: int
    counts_over: Literal["matches", "all"]
    """"matches": counted over the models that the rest of the query finds; "all": over all models."""


def query_language_md() -> str:
    """Return the section of PROTOCOL.md about the query language."""
    order = ", ".join(f"{name} {bits}" for name, bits in QUANTIZATION_BITS.items())
    rows = [_row(each) for each in PREDICATES]
    keys = [f"| `{name}` | {what} |" for name, what in SORT_KEYS.items()]
    return "\n".join(
        [
            f"## The query language\n\n```ebnf\n{GRAMMAR}```\n\n{READING.format(quantizations=order)}",
            "| predicate | values | | example | from |\n|---|---|---|---|---|",
            *rows,
            "\n| sort key | |\n|---|---|",
            *keys,
            "\n",
        ]
    )


def _row(each: Predicate) -> str:
    names = ", ".join(f"`{name}`" for name in (each.name, *each.also))
    closed = each.name == "is"
    values = ", ".join(f"`{value}`" for value in each.values) if closed else UNITS[each.kind]
    return f"| {names} | {values} | {each.help} | `{each.example}` | {each.fact} |"
