"""Blocks 18 to 20 of the execution guide, as it spells them: retries, strategies, recovery."""

import json
import logging
import time
from types import SimpleNamespace

import pytest

from fast_dag import Context, ExecutionError, RunCancelledError

# 18: retry and handler


def risky_node(dag, calls, retry_delay):
    def external_api_call(data):
        calls.append(data)
        return SimpleNamespace(ok=False, status=503)

    # Retry configuration
    @dag.node(
        retry=3,  # Retry up to 3 times
        retry_delay=retry_delay,  # Initial delay between retries
        retry_backoff=2.0,  # Exponential backoff multiplier
        timeout=30.0,  # Timeout per attempt
    )
    def risky_operation(data: dict) -> dict:
        response = external_api_call(data)
        if not response.ok:
            raise ValueError(f"API error: {response.status}")
        return response.json()


# Custom error handler
def handle_error(node, inputs, error):
    print(f"Error in {node.name}: {error}")
    # Can return a default value
    return {"error": str(error), "default": True}


def test_after_3_attempts_the_handler_gives_the_result(dag, mode, capsys):
    calls, failures = [], []
    risky_node(dag, calls, retry_delay=0.001)  # the guide waits a thousand times as long
    dag.set_node_error_handler("risky_operation", handle_error)
    dag.add_observer(lambda event: failures.append(event) if event.kind == "node_failed" else None)

    result = dag.run(data={"a": 1}, mode=mode)

    assert result == {"error": "API error: 503", "default": True}
    assert calls == [{"a": 1}] * 3
    assert [event.retry_in for event in failures] == [0.001, 0.002, None]
    assert capsys.readouterr().out == "Error in risky_operation: API error: 503\n"


def test_the_first_wait_is_the_second_that_was_asked_for(dag):
    calls, waits, context = [], [], Context()
    risky_node(dag, calls, retry_delay=1.0)

    def leave(event):
        if event.kind == "node_failed":
            waits.append(event.retry_in)
            context.cancel("seen enough")

    dag.add_observer(leave)
    with pytest.raises(RunCancelledError):
        dag.run(data={}, context=context)
    assert waits == [1.0]
    assert calls == [{}]


# 19: strategies


class CriticalError(Exception):
    pass


logger = logging.getLogger("guide")


# Custom error handling
def dag_error_handler(node_name: str, error: Exception, context: Context):
    # Log error
    logger.error(f"DAG error in {node_name}: {error}")  # noqa: G004 - the guide's own

    # Store error in context
    context.metadata.setdefault("errors", []).append(
        {"node": node_name, "error": str(error), "timestamp": time.time(), "original": error}
    )

    # Decide whether to continue
    if isinstance(error, CriticalError):
        return "stop"  # Stop execution
    return "continue"  # Continue with other nodes


def failing_dag(dag, error):
    """A node that raises *error*, one that needs it, and one that does not."""

    @dag.node
    def broken():
        raise error

    @dag.node
    def dependant(broken):
        return "never"

    @dag.node
    def independent():
        return "fine"

    broken >> dependant


def test_continue_runs_what_does_not_depend_on_the_failure(dag, mode):
    failing_dag(dag, OSError("gone"))

    # Continue on error (default is "fail_fast")
    result = dag.run(error_strategy="continue", mode=mode)

    assert result == "fine"
    assert dag.context.metadata["execution_status"] == "completed_with_errors"


def test_fail_fast_raises_the_first_error(dag, mode):
    failing_dag(dag, OSError("gone"))

    # Fail fast - stop on first error
    with pytest.raises(OSError, match="gone") as caught:
        dag.run(error_strategy="fail_fast", mode=mode)

    assert isinstance(caught.value, ExecutionError)
    assert caught.value.node_name == "broken"


def test_the_handler_of_the_run_keeps_the_list_of_errors_to_itself(dag, mode, caplog):
    original = OSError("gone")
    failing_dag(dag, original)

    result = dag.run(error_handler=dag_error_handler, mode=mode)

    assert result == "fine"
    [entry] = dag.context.metadata["errors"]
    assert (entry["node"], entry["error"]) == ("broken", "gone")
    assert entry["original"] is original
    assert caplog.messages == ["DAG error in broken: gone"]


def test_a_critical_error_stops_the_run(dag, mode):
    failing_dag(dag, CriticalError("fire"))
    with pytest.raises(CriticalError, match="fire"):
        dag.run(error_handler=dag_error_handler, mode=mode)
    assert dag.context.metadata["execution_status"] == "failed"
    assert [entry["node"] for entry in dag.context.metadata["errors"]] == ["broken"]


# 20: checkpoint, circuit breaker


def test_a_node_may_save_the_state_of_its_run(dag, mode, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @dag.node
    def before() -> dict:
        return {"rows": {1, 2}}  # a set: nothing JSON can hold

    # Checkpoint pattern
    @dag.node
    def checkpoint_save(data: dict, context: Context) -> dict:
        # Save intermediate state
        checkpoint_file = f"checkpoint_{context.metadata['run_id']}.json"
        with open(checkpoint_file, "w") as f:  # noqa: PTH123 - the guide's own
            json.dump({"data": data, "context": context.to_dict()}, f)
        return data

    result = dag.run(data={"a": 1}, mode=mode)

    assert result == {"a": 1}
    [checkpoint] = tmp_path.iterdir()
    assert checkpoint.name == f"checkpoint_{dag.context.metadata['run_id']}.json"
    saved = json.loads(checkpoint.read_text())
    assert saved["data"] == {"a": 1}
    assert saved["context"]["metadata"]["run_id"] == dag.context.metadata["run_id"]


class CircuitBreakerOpenError(Exception):
    pass


# Circuit breaker pattern, in the guide's own words
class CircuitBreaker:
    def __init__(self, failure_threshold=5, timeout=60):
        self.failures = 0
        self.threshold = failure_threshold
        self.timeout = timeout
        self.last_failure = None

    def __call__(self, func):
        def wrapper(*args, **kwargs):
            if self.is_open():
                raise CircuitBreakerOpenError("Circuit breaker is open")

            try:
                result = func(*args, **kwargs)
                self.reset()
                return result  # noqa: TRY300
            except Exception as e:  # noqa: F841
                self.record_failure()
                raise

        return wrapper

    def is_open(self):
        if self.failures >= self.threshold:  # noqa: SIM102
            if time.time() - self.last_failure < self.timeout:
                return True
        return False

    def record_failure(self):
        self.failures += 1
        self.last_failure = time.time()

    def reset(self):
        self.failures = 0
        self.last_failure = None


def test_after_3_failures_the_circuit_breaker_is_open(dag):
    calls = []

    def process(data):
        calls.append(data)
        raise OSError("gone")

    external_api = SimpleNamespace(process=process)

    # Use circuit breaker
    @dag.node
    @CircuitBreaker(failure_threshold=3, timeout=300)
    def protected_api_call(data: dict) -> dict:
        return external_api.process(data)

    assert protected_api_call.name == "protected_api_call"
    assert list(protected_api_call.inputs) == ["data"]
    for _ in range(3):
        with pytest.raises(OSError, match="gone"):
            dag.run(data={"a": 1})
    with pytest.raises(CircuitBreakerOpenError) as caught:
        dag.run(data={"a": 1})
    assert isinstance(caught.value, ExecutionError)
    assert calls == [{"a": 1}] * 3
