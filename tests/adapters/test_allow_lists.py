import pytest

from chalicelib.adapters.allow_lists import read_actions, read_functions, read_hosts


def test_actions_and_functions_are_separated_by_commas_or_spaces() -> None:
    assert read_actions("sqs:SendMessage, dynamodb:*\n s3:Get*") == ("sqs:SendMessage", "dynamodb:*", "s3:Get*")
    assert read_functions("orders-*, render") == ("orders-*", "render")
    assert (read_actions(""), read_functions(" ")) == ((), ())


def test_an_entry_that_can_match_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="'sqs' is no action: write sqs:SendMessage"):
        read_actions("dynamodb:*,sqs")
    assert read_actions("*") == ("*",)
    with pytest.raises(ValueError, match="is no name of a function: write orders-"):
        read_functions("arn:aws:lambda:eu-west-1:123456789012:function:orders")


def test_hosts_are_separated_by_commas() -> None:
    assert read_hosts(" 127.0.0.1:8080, LocalHost,,*.corp.test,[::1] ") == {
        "127.0.0.1:8080",
        "localhost",
        "*.corp.test",
        "[::1]",
    }
    assert read_hosts("") == frozenset()


@pytest.mark.parametrize("entry", ["http://localhost", "a b", "localhost:x", "10.0.0.0/8", "::1", "user@host"])
def test_an_entry_that_names_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host: write example"):
        read_hosts(f"localhost,{entry}")
