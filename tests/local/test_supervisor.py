import threading

import pytest

from local.errors import LocalError
from local.supervisor import check_driven


def test_a_driver_that_has_ended_ends_the_run() -> None:
    stop = threading.Event()
    driving, ended = threading.Thread(target=stop.wait), threading.Thread(target=stop.is_set)
    driving.start()
    ended.start()
    ended.join()
    check_driven([driving])
    with pytest.raises(LocalError, match="no longer driven"):
        check_driven([driving, ended])
    stop.set()
    driving.join()
