"""What the blocks of the guide call and do not show."""

import asyncio
import queue
import statistics
import threading
import time
from collections import defaultdict


class Crowd:
    """Sync nodes that wait until *size* of them run at once; *peak* is the most there ever were."""

    def __init__(self, size):
        self.barrier = threading.Barrier(size)
        self.lock = threading.Lock()
        self.running = self.peak = 0

    def join(self):
        with self.lock:
            self.running += 1
            self.peak = max(self.peak, self.running)
        self.barrier.wait(5)
        with self.lock:
            self.running -= 1


class Opened:
    """An async context manager that gives *value*."""

    def __init__(self, value):
        self.value = value

    async def __aenter__(self):
        return self.value

    async def __aexit__(self, *about):
        return None


class Chunk(dict):
    """A part of a file; the class counts how many are alive, and how many were at most."""

    alive = peak = 0

    def __init__(self, rows):
        super().__init__(sum=sum(rows), count=len(rows))
        Chunk.alive += 1
        Chunk.peak = max(Chunk.peak, Chunk.alive)

    def __del__(self):
        Chunk.alive -= 1


class Large:
    """What the garbage collector can be watched with."""


class CircuitBreakerOpenError(Exception):
    pass


class CircuitBreaker:
    """A decorator after *failure_threshold* failures in a row refuses calls, for *timeout* seconds.

    Its wrapper is a bare one: nothing but its closure tells which function it wraps.
    """

    def __init__(self, failure_threshold=5, timeout=60):
        self.failure_threshold = failure_threshold
        self.timeout = timeout
        self.failures = 0
        self.last_failure = None

    def __call__(self, func):
        def wrapper(*args, **kwargs):
            if self.is_open():
                raise CircuitBreakerOpenError("Circuit breaker is open")
            try:
                result = func(*args, **kwargs)
            except Exception:
                self.failures += 1
                self.last_failure = time.time()
                raise
            self.failures = 0
            return result

        return wrapper

    def is_open(self):
        return self.failures >= self.failure_threshold and time.time() - self.last_failure < self.timeout


class ResourcePool:
    """At most *max_size* resources, each made when nobody has given one back."""

    def __init__(self, create_resource, max_size=10):
        self.create_resource = create_resource
        self.idle = queue.Queue(maxsize=max_size)
        self.size = 0

    def acquire(self):
        try:
            return self.idle.get_nowait()
        except queue.Empty:
            if self.size == self.idle.maxsize:
                return self.idle.get()
            self.size += 1
            return self.create_resource()

    def release(self, resource):
        self.idle.put(resource)


class MetricsCollector:
    """Measurements by name, each with its time and tags."""

    def __init__(self):
        self.metrics = defaultdict(list)

    def record(self, metric_name: str, value: float, tags: dict | None = None):
        self.metrics[metric_name].append({"value": value, "timestamp": time.time(), "tags": tags or {}})

    def get_summary(self, metric_name: str) -> dict:
        values = [entry["value"] for entry in self.metrics[metric_name]]
        return {"count": len(values), "mean": statistics.mean(values), "max": max(values)}


class Api:
    """Three requests about a user, each of which takes *seconds*."""

    def __init__(self, seconds):
        self.seconds = seconds

    async def get_user(self, user_id):
        await asyncio.sleep(self.seconds)
        return {"id": user_id}

    async def get_orders(self, user_id):
        await asyncio.sleep(self.seconds)
        return [f"order of {user_id}"]

    async def get_preferences(self, user_id):
        await asyncio.sleep(self.seconds)
        return {"theme": f"that of {user_id}"}


def with_cleanup(cleanup_func):
    """A decorator that calls *cleanup_func* after the function, as bare as a `CircuitBreaker`."""

    def decorator(func):
        def wrapper(*args, **kwargs):
            try:
                return func(*args, **kwargs)
            finally:
                cleanup_func()

        return wrapper

    return decorator


def data_loader(data_source="", batch_size=0, validation_split=0.0):
    return {"dataset": [1.0, 2.0]}


def feature_engineer(raw_data, feature_selection=False, normalization="", encoding=""):
    return {"features": sum(raw_data)}


def model_trainer(training_data, hyperparameters=None, algorithm="", objective="", max_depth=0):
    return {"model": (hyperparameters or 0) + 1}


def model_evaluator(trained_model, metrics=(), cross_validation=False, cv_folds=0):
    """A model gets better with every step, by less and less than before."""
    scores = {1: 0.5, 2: 0.7, 3: 0.8, 4: 0.88}
    f1_score = scores.get(trained_model, 0.95)
    return {"metrics": {"f1_score": f1_score, "auc": (1 + f1_score) / 2, "step": trained_model}}


def hyperopt(current_performance, optimization_algorithm="", search_space=None, optimization_metric=""):
    return {"best_params": current_performance["step"]}


PRODUCTION = {
    "DataLoaderNode": data_loader,
    "FeatureEngineerNode": feature_engineer,
    "ModelTrainerNode": model_trainer,
    "ModelEvaluatorNode": model_evaluator,
    "HyperparameterOptimizerNode": hyperopt,
}
"""The types of nodes of the production workflow, by name."""
