events = []  # what happens, in order
unhandled = []  # the failures that are reported in the end


class E0(Exception):
    pass


class E1(Exception):
    pass


class E2(Exception):
    pass


class Panic(Exception):
    pass


class Log:
    """Listens in the place of the logger that Deferreds report to."""

    def critical(self, message, **details):
        pass

    def failure(self, message, failure=None, **details):
        if failure is not None:
            unhandled.append(text(failure))
        else:  # what a canceller raised, and a DeferredList has caught
            events.append(f"logged {error_name(sys.exc_info()[1])}")


defer.log = Log()


def error_name(error):
    if isinstance(error, defer.FirstError):
        return f"FirstError({error.index}, {error_name(error.subFailure.value)})"
    if isinstance(error, defer.FailureGroup):
        return f"FailureGroup({', '.join(error_name(f.value) for f in error.failures)})"
    return type(error).__name__


def text(result):
    if isinstance(result, Failure):
        return f"failure {error_name(result.value)}"
    if isinstance(result, (list, tuple)):
        return f"[{', '.join(map(text, result))}]"
    if isinstance(result, str):
        return f'"{result}"'
    if isinstance(result, (DeferredLock, DeferredSemaphore)):
        return name_of(result)
    return "null" if result is None else str(result).lower()


def name_of(thing):
    """The first of the variables below that holds it."""
    names = [n for n, value in globals().items() if value is thing and n[0] in "dr"]
    return min(names, key=lambda n: int(n[1:]), default=None)


def state(d):
    if d._runningCallbacks:
        return "running"
    if not d.called:
        return "unfired"
    if isinstance(d.result, Deferred):
        name = name_of(d.result)
        return f"waiting for {name}" if name else "waiting"
    return text(d.result)


@contextmanager
def raising():
    """Around what raises to its caller, who goes on."""
    try:
        yield
    except (AlreadyCalledError, QueueOverflow, QueueUnderflow, Panic) as error:
        events.append(f"raised {error_name(error)}")
