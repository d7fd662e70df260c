"""The process inside bubblewrap: it gives up what is left to it, then runs the cells it is sent. Follows the runner's source."""

import ctypes
import datetime as _datetime
import os
import platform
import resource
import signal
import struct

_EPOCH = 1_735_689_600  # 2025-01-01T00:00:00Z
_ALLOWED_FILES = 64

# System calls by number on x86_64 and aarch64: processes, programs, tracing, namespaces, sockets, kernel doors.
_DENIED = {
    "x86_64": (0xC000003E, [41, 53, 56, 57, 58, 59, 62, 101, 109, 112, 134, 135, 155, 161, 163, 165, 166, 167, 168, 169, 172, 173,
                            175, 176, 200, 206, 234, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 313, 317, 320, 321, 322,
                            323, 424, 425, 426, 427, 428, 429, 430, 431, 432, 434, 435, 438, 442]),
    "aarch64": (0xC00000B7, [0, 39, 40, 41, 51, 60, 89, 97, 104, 105, 106, 117, 129, 130, 131, 142, 154, 157, 198, 199, 217, 218,
                             219, 220, 221, 224, 225, 241, 265, 268, 270, 271, 273, 277, 280, 281, 282, 294, 424, 425, 426, 427,
                             428, 429, 430, 431, 432, 434, 435, 438, 442]),
}  # fmt: skip


def _filter_system_calls():
    """Denies what a cell has no use for, with EPERM, for good: no process or thread begins here any more."""
    architecture, numbers = _DENIED[platform.machine()]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    refuse, allow, kill = 0x00050000 | 1, 0x7FFF0000, 0x80000000
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, 0)]
    program.append((at_least, 0, 1, 0x40000000))  # x86_64's other numbering
    program.append((give, 0, 0, refuse))
    for number in numbers:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    program.append((give, 0, 0, allow))
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    fprog = struct.pack("HL", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    pointer = ctypes.create_string_buffer(fprog, len(fprog))
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.addressof(pointer), 0, 0):
        raise OSError(ctypes.get_errno(), "the system call filter was refused")


class _Clock:
    """The cells' clock: 1 ms a reading, and what sleeps moves it on."""

    def __init__(self):
        self.now = 0

    def read(self):
        self.now += 1_000_000
        return self.now

    def sleep(self, seconds):
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.now += int(seconds * 1e9)


def _fix_time():
    clock = _Clock()
    since_start = clock.read
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda: since_start() / 1e9)
        setattr(time, f"{name}_ns", lambda: since_start())
    time.time_ns = lambda: _EPOCH * 10**9 + since_start()
    time.time = lambda: time.time_ns() / 1e9
    time.sleep = clock.sleep
    for name in ("localtime", "gmtime", "ctime"):
        real = getattr(time, name)
        setattr(time, name, lambda seconds=None, real=real: real(time.time() if seconds is None else seconds))
    format_time = time.strftime
    time.strftime = lambda form, when=None: format_time(form, time.localtime() if when is None else when)
    _fix_dates(_datetime.datetime, _datetime.date)


def _fix_dates(real_datetime, real_date):
    def kind_of(real):
        class Kind(type(real)):
            def __instancecheck__(cls, value):
                return isinstance(value, real)

            def __subclasscheck__(cls, other):
                return issubclass(other, real)

        return Kind

    class date(real_date, metaclass=kind_of(real_date)):
        @classmethod
        def today(cls):
            return cls.fromtimestamp(time.time())

    class datetime(real_datetime, metaclass=kind_of(real_datetime)):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls):
            return cls.now(_datetime.timezone.utc).replace(tzinfo=None)

        @classmethod
        def today(cls):
            return cls.now()

    for fixed in (date, datetime):
        fixed.__module__, fixed.__qualname__ = "datetime", fixed.__name__
    _datetime.date, _datetime.datetime = date, datetime


class _TimeLimit(KeyboardInterrupt):
    """The cell has had its time."""


def _serve(setup):
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.dup(3)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.close(3)
    sys.path.extend(setup["wheels"])
    for limit, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 8 * 2**20),
        (resource.RLIMIT_NOFILE, _ALLOWED_FILES),
        (resource.RLIMIT_STACK, resource.getrlimit(resource.RLIMIT_STACK)[0]),
    ):
        resource.setrlimit(limit, (amount, amount))
    begin(0)
    turn("sum(range(3)); 1/0", 1, 100)
    _fix_time()
    expired = []

    def expire(*_):
        expired.append(True)
        raise _TimeLimit

    real_exit = os._exit

    def leave(code=0):
        raise SystemExit(code)

    os._exit = leave
    own = setup["memoryBytes"] + _own_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (own, own))
    _filter_system_calls()
    os.write(answers, b'{"type":"ready"}\n')
    for line in requests:
        request = json.loads(line)
        limits = request["limits"]
        if request["seed"] is not None:
            begin(request["seed"])
        expired.clear()
        signal.signal(signal.SIGALRM, expire)
        try:
            signal.setitimer(signal.ITIMER_REAL, limits["wallMs"] / 1000)
            try:
                report = turn(request["code"], request["cell"], limits["outputChars"])
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BaseException as error:
            report = _encode({"kind": "error", "name": type(error).__name__, "message": ""})
        if expired:
            report = '{"kind":"timeout"}'
        tail = f',"nonce":{_encode(request["nonce"])},"fuel":0,"memoryBytes":{_peak_bytes()},"isReusable":false}}\n'
        _write_all(answers, f'{{"type":"done","report":{report}{tail}'.encode())
    real_exit(0)


def _own_bytes():
    """Bytes of address space in use; the standard library's own maps are the only way to ask without /proc."""
    low, high = 0, 2**40
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    import mmap

    while high - low > 2**20:
        middle = (low + high) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, hard))
        try:
            mmap.mmap(-1, 4096).close()
            high = middle
        except (OSError, MemoryError, ValueError):
            low = middle
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return high


def _peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


_serve(setup)
