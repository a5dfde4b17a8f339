"""The grammar of expressions: JMESPath, and ``$`` for the outermost value (JMESPath Community, "Root reference").

Inside a filter, a projection or ``&`` a name is a field of the element. ``$.input`` is the input there, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from jmespath.exceptions import ParseError
from jmespath.lexer import Lexer
from jmespath.parser import Parser

SyntaxNode: TypeAlias = Mapping[str, Any]
"""A node of a tree, or a token, of jmespath."""

ROOT = "root"
"""The kind of the token and of the node of ``$``."""


class _Lexer(Lexer):
    SIMPLE_TOKENS: ClassVar[dict[str, str]] = {**Lexer.SIMPLE_TOKENS, "$": ROOT}


class _Parser(Parser):
    BINDING_POWER: ClassVar[dict[str, int]] = {**Parser.BINDING_POWER, ROOT: 0}

    def read(self, tokens: Sequence[SyntaxNode]) -> SyntaxNode:
        """Read a tree from the tokens of an expression."""
        self._tokens, self._index = [*tokens], 0
        tree: SyntaxNode = self._expression()  # type: ignore[attr-defined] # the stubs leave it out
        rest = self._lookahead_token(0)  # type: ignore[attr-defined] # the same
        if rest["type"] != "eof":
            raise ParseError(rest["start"], rest["value"], rest["type"], f"Unexpected token: {rest['value']}")
        return tree

    def _token_nud_root(self, _token: SyntaxNode) -> SyntaxNode:
        return {"type": ROOT, "children": []}

    def _token_nud_quoted_identifier(self, token: SyntaxNode) -> SyntaxNode:
        """Make a field that tells that it was written in quotes."""
        field: SyntaxNode = super()._token_nud_quoted_identifier(token)  # type: ignore[misc] # the stubs leave it out
        return {**field, "quoted": True}


def tokens_of(text: str) -> list[SyntaxNode]:
    """Cut an expression into tokens.

    Raises:
        LexerError: a sign in it belongs to no token.
    """
    return [*_Lexer().tokenize(text)]


def tree_of(tokens: Sequence[SyntaxNode]) -> SyntaxNode:
    """Read the tree of an expression.

    Raises:
        ParseError, IncompleteExpressionError: the tokens make no expression.
    """
    return _Parser().read(tokens)
