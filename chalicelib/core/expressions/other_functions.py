"""What functions are called in other languages and workflow systems, and what to write for them here."""

from collections.abc import Mapping

_NOT_KNOWN_HERE = "a template sees no such thing: let a `lambda` or `http` step make it"
_NUMBER = "write to_number(text)"
_TEXT = "write to_string(value), or `${ }` inside of a text"
_JOINED = "write join('', [a, b]) for texts, flatten_deep([a, b]) for lists, or two `${ }` in one text"
_DEFAULT = "write default(value, other)"
_MISSING = "write has(object, 'name') for a member, value == `null` for a value"
_STATE = "a step runs when those before it have succeeded, and `catch` leads to what runs after an error"
_ITEM = "write list[0], and list[-1] for the last item"
_NO_LIST = "write flatten_deep([list, [item]]) for a list with one more item"
_FILTER = "write list[?price > `10`]: in the condition a name is a member of the item"
_GROUPS = "there are no groups: let a `map` go over the keys, and filter by list[?key == $.item]"
_NOW = "write now()"
_SPLIT = "write parse_time(text) to read a time, format_time(time, '%Y-%m-%d') to write one"
_SPAN = "write add_time(time, `5`, 'days'), and seconds_between(from, to)"
_TESTS = "write length(value) == `0`, or !value, which holds for what is empty"
_MATCH = "write match(text, pattern)"

OTHERS: Mapping[str, str] = {
    **dict.fromkeys(("len", "count", "size", "arraylength", "strlen", "countdistinct"), "write length(value)"),
    **dict.fromkeys(("str", "string", "tostr", "text", "stringify"), _TEXT),
    **dict.fromkeys(("int", "integer", "float", "number", "parseint", "parsefloat", "toint", "tointeger"), _NUMBER),
    **dict.fromkeys(("bool", "boolean", "tobool", "toboolean"), "compare: value == 'true', or write !(!value)"),
    **dict.fromkeys(("concat", "concatenate", "strcat", "array", "list", "tolist", "concatarrays"), _JOINED),
    **dict.fromkeys(("uppercase", "toupper", "touppercase", "upcase", "ucase"), "write upper(text)"),
    **dict.fromkeys(("lowercase", "tolower", "tolowercase", "downcase", "lcase"), "write lower(text)"),
    **dict.fromkeys(("strip", "lstrip", "rstrip", "trimstart", "trimend"), "write trim(text)"),
    **dict.fromkeys(("startswith", "hasprefix", "beginswith"), "write starts_with(text, beginning)"),
    **dict.fromkeys(("endswith", "hassuffix"), "write ends_with(text, end)"),
    **dict.fromkeys(("includes", "in", "arraycontains", "any", "some", "indexof"), "write contains(list, value)"),
    **dict.fromkeys(
        ("fromjson", "parse", "jsonparse", "stringtojson", "parsejson", "jsondecode"), "write from_json(text)"
    ),
    **dict.fromkeys(
        ("tojson", "jsontostring", "jsonstringify", "dumps", "jsonencode", "tojsonstring"), "write to_json(value)"
    ),
    **dict.fromkeys(
        ("substr", "slice", "mid", "left", "right", "substringafter"), "write substring(text, start, end), list[0:2]"
    ),
    **dict.fromkeys(
        ("replaceall", "gsub", "sub"), "write replace(text, old, new) for texts, subtract(a, b) for numbers"
    ),
    **dict.fromkeys(("stringsplit", "tokenize"), "write split(text, separator)"),
    **dict.fromkeys(("test", "regexmatch", "matches", "regex", "regexp", "search", "ismatch", "rematch"), _MATCH),
    **dict.fromkeys(("sprintf", "printf", "template", "interpolate"), "write format('{} and {}', a, b), or two `${ }`"),
    **dict.fromkeys(("random", "mathrandom", "rand", "randomint"), f"{_NOT_KNOWN_HERE}; uuid() gives an identifier"),
    **dict.fromkeys(("guid", "newguid", "uuidv4", "uuid4", "newuuid"), "write uuid()"),
    **dict.fromkeys(("date", "datetime", "getdate", "utcnow", "today", "currenttime", "timestamp", "sysdate"), _NOW),
    **dict.fromkeys(("dateadd", "adddays", "addhours", "addminutes", "plus", "minus", "datediff", "age"), _SPAN),
    **dict.fromkeys(("strftime", "formatdate", "dateformat", "todate", "strptime", "parsedate", "todatetime"), _SPLIT),
    **dict.fromkeys(("coalesce", "ifnull", "nvl", "orelse", "fallback", "firstnonnull"), _DEFAULT),
    **dict.fromkeys(("exists", "isset", "defined", "isdefined", "ispresent", "haskey", "hasfield", "isnull"), _MISSING),
    **dict.fromkeys(("isempty", "empty", "blank", "isblank", "isnotempty"), _TESTS),
    **dict.fromkeys(("iif", "ifelse", "cond", "case", "switch", "ternary", "when"), "write if(condition, then, else)"),
    **dict.fromkeys(("and", "all"), "write && between conditions"),
    "or": "write || between conditions",
    "not": "write ! before what is not to be, as !a or !(a.b)",
    **dict.fromkeys(("equals", "eq", "equal"), "write a == b"),
    **dict.fromkeys(("filter", "where", "select", "find", "findall"), _FILTER),
    **dict.fromkeys(("foreach", "collect", "transform"), "write map(&name, list), or list[].name"),
    **dict.fromkeys(
        ("reduce", "fold", "accumulate"), "write sum(list), max(list) …, or let a `map` step work on the items"
    ),
    **dict.fromkeys(("groupby", "partition", "countby"), _GROUPS),
    **dict.fromkeys(("uniq", "distinct", "arrayunique", "dedupe", "toset"), "write unique(list)"),
    **dict.fromkeys(("first", "head", "last", "tail", "nth", "arraygetitem", "item"), _ITEM),
    **dict.fromkeys(("append", "push", "add_item", "prepend", "pushback"), _NO_LIST),
    **dict.fromkeys(("orderby", "sortby", "sorted"), "write sort(list), or sort_by(list, &name)"),
    **dict.fromkeys(("entries", "items", "toentries", "pairs"), "write zip(keys(object), values(object))"),
    **dict.fromkeys(("jsonmerge", "assign", "extend", "spread", "union"), "write merge(a, b)"),
    **dict.fromkeys(("flatten", "flat", "flatmap"), "write list[] for one level, flatten_deep(list) for all"),
    **dict.fromkeys(("arraypartition", "batch", "window"), "write chunk(list, size)"),
    **dict.fromkeys(("arrayrange", "seq", "sequence"), "write range(from, to)"),
    **dict.fromkeys(("btoa", "base64", "b64encode", "base64encode"), "write base64_encode(text)"),
    **dict.fromkeys(("atob", "b64decode", "base64decode"), "write base64_decode(text)"),
    **dict.fromkeys(("encodeuricomponent", "urlencode", "quote", "uriescape"), "write url_encode(text)"),
    **dict.fromkeys(("md5", "sha1", "sha256", "sha512", "digest", "hashfiles"), "write hash(value, 'sha256')"),
    **dict.fromkeys(("hmac", "sign", "encrypt", "jwt"), _NOT_KNOWN_HERE),
    **dict.fromkeys(("pow", "exp"), "write power(a, b)"),
    **dict.fromkeys(("mod", "rem"), "write modulo(a, b)"),
    **dict.fromkeys(("mul", "times", "product"), "write multiply(a, b)"),
    **dict.fromkeys(("div", "quotient"), "write divide(a, b)"),
    **dict.fromkeys(("mean", "average"), "write avg(list)"),
    **dict.fromkeys(("trunc", "truncate"), "write floor(number)"),
    "mathadd": "write add(a, b)",
    "json": "write to_json(value) for a text, from_json(text) for its value",
    **dict.fromkeys(("always", "success", "failure", "cancelled"), _STATE),
    **dict.fromkeys(
        ("env", "getenv", "context", "vars"), "there are no variables of an environment: send them in the input"
    ),
    **dict.fromkeys(("typeof", "kind"), "write type(value)"),
    **dict.fromkeys(("sleep", "wait", "delay"), "a step of type `wait` waits"),
    **dict.fromkeys(("print", "log", "debug"), "what a step comes to is in its history"),
    **dict.fromkeys(
        ("throw", "raise", "error", "fail", "assert"), "write required(value, 'message'), or a step of type `fail`"
    ),
    **dict.fromkeys(("fetch", "http", "curl", "request"), "a step of type `http` sends requests"),
}
"""By the name in small letters, without what is no letter or digit."""

USAGE: Mapping[str, str] = {
    "abs": "abs(number)",
    "avg": "avg(numbers)",
    "ceil": "ceil(number)",
    "contains": "contains(list, value), or contains(text, part)",
    "ends_with": "ends_with(text, end)",
    "floor": "floor(number)",
    "join": "join(separator, texts)",
    "keys": "keys(object)",
    "length": "length(value)",
    "map": "map(&name, list)",
    "max": "max(list), as max([a, b])",
    "max_by": "max_by(list, &name)",
    "merge": "merge(object, other)",
    "min": "min(list), as min([a, b])",
    "min_by": "min_by(list, &name)",
    "not_null": "not_null(a, b)",
    "reverse": "reverse(list)",
    "sort": "sort(list)",
    "sort_by": "sort_by(list, &name)",
    "starts_with": "starts_with(text, beginning)",
    "sum": "sum(numbers)",
    "to_array": "to_array(value)",
    "to_number": "to_number(text)",
    "to_string": "to_string(value)",
    "type": "type(value)",
    "values": "values(object)",
}
"""How the functions of jmespath are called; those of sedo say it themselves."""


def instead(name: str) -> str | None:
    """Say what to write for a function of another language, if it is known."""
    return OTHERS.get("".join(filter(str.isalnum, name)).lower())
