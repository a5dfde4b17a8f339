"""Workflows and requests that the tests of requests and redrives share."""

from datetime import timedelta

from chalicelib.core.executions.inputs import CancelRequested, PauseRequested, RedriveRequested, ResumeRequested

SECOND = timedelta(seconds=1)
CALLS = "steps: [{id: ask, type: call, stash: got}, {id: again, type: call, content: '${[output, stash]}'}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"
BOTH = """
    steps:
      - id: both
        type: parallel
        branches:
          - {id: a, steps: [{id: x, type: call}]}
          - {id: b, steps: [{id: y, type: wait, seconds: 60}]}
      - {id: last, type: call, content: '${output}'}
    """
CANCEL, PAUSE, RESUME, REDRIVE = CancelRequested(), PauseRequested(), ResumeRequested(), RedriveRequested()
