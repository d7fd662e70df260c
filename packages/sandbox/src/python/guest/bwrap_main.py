"""The two processes inside bubblewrap, the keeper and the guest that runs the cells. Follows the runner's source."""

import ctypes
import datetime as _datetime
import dis
import errno
import fcntl
import os
import platform
import resource
import select
import signal
import struct
import termios

_EPOCH = 1_735_689_600  # 2025-01-01T00:00:00Z
_ALLOWED_FILES = 64
_STEPS_PER_TICK = 10_000
_CPU_MS_PER_TICK = 10
_JUMP_BACKWARD = dis.opmap["JUMP_BACKWARD"]
_MAX_LINE = 8 * 2**20
_FED_BYTES = 4096
_MOST_FED = 4 * _FED_BYTES

# System calls by number on x86_64 and aarch64: processes, programs, signals, limits, tracing, namespaces, sockets, memory beside the
# address space, the system's random bytes, kernel doors, whatever one could wait at for ever. Then those that are answered as if the time
# to wait were over. Then the one that reads limits and sets them, the one of locks in memory, and the one of locks of files.
_DENIED = {
    "x86_64": (0xC000003E, [22, 29, 30, 31, 34, 41, 53, 56, 57, 58, 59, 62, 64, 65, 66, 67, 68, 69, 70, 71, 73, 101, 109, 112, 128, 129,
                            130, 133, 134, 135, 155, 160, 161, 163, 165, 166, 167, 168, 169, 172, 173, 175, 176, 200, 206, 234, 240, 241,
                            242, 243, 244, 245, 246, 248, 249, 250, 253, 259, 272, 282, 283, 284, 289, 290, 293, 294, 297, 298, 304, 308,
                            310, 311, 313, 317, 318, 319, 320, 321, 322, 323, 424, 425, 426, 427, 428, 429, 430, 431, 432, 434, 435, 438,
                            442, 449, 454, 455, 456],
               [7, 23, 35, 230, 232, 270, 271, 281, 441], 302, 202, 72),
    "aarch64": (0xC00000B7, [0, 19, 26, 32, 33, 39, 40, 41, 51, 59, 60, 74, 85, 89, 92, 97, 104, 105, 106, 117, 129, 130, 131, 133, 137,
                             138, 142, 154, 157, 164, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196,
                             197, 198, 199, 217, 218, 219, 220, 221, 224, 225, 240, 241, 265, 268, 270, 271, 273, 277, 278, 279, 280, 281,
                             282, 294, 424, 425, 426, 427, 428, 429, 430, 431, 432, 434, 435, 438, 442, 449, 454, 455, 456],
                [22, 72, 73, 101, 115, 441], 261, 98, 25),
}  # fmt: skip
_F_OFD_SETLKW = 38
_FUTEX_WAITS = (0, 9, 11)


def _filter_system_calls():
    """Denies what a cell has no use for, with EPERM, for good: no process or thread begins here any more, so that none could end a wait."""
    architecture, numbers, idle, limits, futex, locks = _DENIED[platform.machine()]
    load, equal, at_least, give, both = 0x20, 0x15, 0x35, 0x06, 0x54
    answer, allow, kill = 0x00050000, 0x7FFF0000, 0x80000000
    refuse = answer | errno.EPERM
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, 0)]
    program.append((at_least, 0, 1, 0x40000000))  # x86_64's other numbering
    program.append((give, 0, 0, refuse))
    for number in numbers:
        program += [(equal, 0, 1, number), (give, 0, 0, refuse)]
    for number in idle:
        program += [(equal, 0, 1, number), (give, 0, 0, answer)]
    # A wait for a lock: its second argument says that it is one, its fourth is the time; without one, it is a deadlock.
    program += [(equal, 0, 12, futex), (load, 0, 0, 24), (both, 0, 0, 0x7F)]
    program += [(equal, 3 - at, 0, wait) for at, wait in enumerate(_FUTEX_WAITS)] + [(give, 0, 0, allow)]
    program += [(load, 0, 0, 40), (equal, 0, 3, 0), (load, 0, 0, 44), (equal, 0, 1, 0)]
    program += [(give, 0, 0, answer | errno.EDEADLK), (give, 0, 0, answer | errno.ETIMEDOUT)]
    program += [(equal, 0, 4, locks), (load, 0, 0, 24), (equal, 0, 1, _F_OFD_SETLKW), (give, 0, 0, refuse), (give, 0, 0, allow)]
    program += [(equal, 0, 6, limits), (load, 0, 0, 32), (equal, 0, 2, 0), (load, 0, 0, 36), (equal, 1, 0, 0)]  # its third argument
    program += [(give, 0, 0, refuse), (give, 0, 0, allow), (give, 0, 0, allow)]
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
    time.clock_gettime_ns = lambda which: (0 if which else _EPOCH * 10**9) + since_start()
    time.clock_gettime = lambda which: time.clock_gettime_ns(which) / 1e9
    os.times = lambda: os.times_result((0.0, 0.0, 0.0, 0.0, since_start() / 1e9))
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


class _Fuel:
    """Counts the lines of cells, and all calls of functions written in Python; when it is used up the process ends."""

    def __init__(self, report):
        self.report = report
        self.begin(1)

    def begin(self, ticks):
        self.most = ticks * _STEPS_PER_TICK
        self.steps = 0

    @property
    def ticks(self):
        return self.steps // _STEPS_PER_TICK

    def tracer(self):
        def step(frame, event, argument):
            self.steps += 1
            if self.steps > self.most:
                self.report('{"kind":"fuel"}')
                _leave_process(0)
            return step

        spinning = {}

        def enter(frame, event, argument):
            step(frame, event, argument)
            code = frame.f_code
            if not code.co_filename.startswith(_CELL):
                return None
            if code not in spinning:
                spinning[code] = _spins(code)
            frame.f_trace_opcodes = spinning[code]
            return step

        return enter


def _spins(code):
    """Tells whether an instruction jumps to itself, as in `while True: pass`, which is no step from line to line."""
    raw = code.co_code
    return any(raw[at] == _JUMP_BACKWARD and raw[at + 1] == 1 for at in range(0, len(raw), 2))


def _guest(requests, reports, memory_bytes):
    """The process that runs the cells. Whatever it says is said by the code that it runs, and is about that alone."""
    number = 0

    def report(text):
        _write_all(reports, f"{number} {fuel.ticks} {_peak_bytes()} {text}\n".encode())

    fuel = _Fuel(report)
    turn("sum(range(3)); 1/0", 1, 100)
    _fix_time()

    def leave(code=0):
        raise SystemExit(code)

    os._exit = leave
    for limit, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 8 * 2**20),
        (resource.RLIMIT_NOFILE, _ALLOWED_FILES),
        (resource.RLIMIT_STACK, resource.getrlimit(resource.RLIMIT_STACK)[0]),
    ):
        resource.setrlimit(limit, (amount, amount))
    own = memory_bytes + _own_bytes()
    resource.setrlimit(resource.RLIMIT_AS, (own, own))
    _filter_system_calls()
    os.write(reports, b"ready\n")
    for line in os.fdopen(requests, "rb"):
        if line == b"\n":
            continue  # see _Keeper.feed
        request = json.loads(line)
        number = request["number"]
        if request["seed"] is not None:
            begin(request["seed"])
        fuel.begin(request["fuel"])
        sys.settrace(fuel.tracer())
        try:
            said = turn(request["code"], request["cell"], request["outputChars"])
        except BaseException as error:
            said = _encode({"kind": "error", "name": type(error).__name__, "message": ""})
        finally:
            sys.settrace(None)
        report(said)
    _leave_process(0)


class _Keeper:
    """Stands between the guest and whoever asked: it alone holds the channel of answers, and sees how the guest ends."""

    def __init__(self, setup):
        requests, self.to_guest = os.pipe()
        self.from_guest, reports = os.pipe()
        self.answers = 3
        self.guest = os.fork()
        if self.guest == 0:
            for descriptor in (self.to_guest, self.from_guest, self.answers):
                os.close(descriptor)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            _guest(requests, reports, setup["memoryBytes"] - setup["fileBytes"])
        for descriptor in (requests, reports, 1, 2):
            os.close(descriptor)
        self.lines = b""
        self.fault = ""

    def serve(self):
        if self.line(None) != b"ready":
            _leave_process(1)
        self.answer({"type": "ready"})
        for number, line in enumerate(os.fdopen(0, "rb")):
            request = json.loads(line)
            limits = request["limits"]
            asked = {key: request[key] for key in ("code", "cell", "seed")}
            asked.update(number=number, fuel=limits["fuel"], outputChars=limits["outputChars"])
            try:
                _write_all(self.to_guest, _encode(asked).encode() + b"\n")
            except BrokenPipeError:
                pass  # it has ended, as is found out below
            self.answer({"type": "done", "nonce": request["nonce"], "isReusable": False, **self.end_of(number, limits)})
        _leave_process(0)

    def end_of(self, number, limits):
        line = self.line(min(limits["wallMs"], _CPU_MS_PER_TICK * limits["fuel"]) / 1000)
        if line is None:
            return {"report": {"kind": "cpu"}, "fuel": 0, "memoryBytes": 0}
        if line == b"":
            return {"report": {"kind": "died", "reason": self.fault or self.death()}, "fuel": 0, "memoryBytes": 0}
        said, fuel, memory, text = (line.split(b" ", 3) + [b""] * 3)[:4]
        if said != str(number).encode() or not (fuel.isdigit() and memory.isdigit()):
            return {"own": "", "fuel": 0, "memoryBytes": 0}
        return {"own": text.decode("utf-8", "replace"), "fuel": int(fuel[:9]), "memoryBytes": int(memory[:15])}

    def line(self, cpu_seconds):
        """The guest's next line; empty when it has ended, None when it has used up its time and was killed for it."""
        start = self.cpu()
        fed = 0
        while b"\n" not in self.lines:
            if cpu_seconds is not None and self.cpu() - start > cpu_seconds:
                os.kill(self.guest, signal.SIGKILL)
                return None
            if not select.select([self.from_guest], [], [], 0.05)[0]:
                fed += 0 if cpu_seconds is None else self.feed()
                if fed > _MOST_FED:
                    os.kill(self.guest, signal.SIGKILL)
                    self.fault = "the code read what was not meant for it"
                    return b""
                continue
            part = os.read(self.from_guest, 1 << 16)
            if part == b"" or len(self.lines) > _MAX_LINE:
                return b""
            self.lines += part
        line, self.lines = self.lines.split(b"\n", 1)
        return line

    def feed(self):
        """Sends empty lines, which mean nothing, when none are left: a cell that reads the requests would wait for ever. Gives their bytes."""
        unread = fcntl.ioctl(self.to_guest, termios.FIONREAD, struct.pack("i", 0))
        try:
            return 0 if struct.unpack("i", unread)[0] > 0 else os.write(self.to_guest, b"\n" * _FED_BYTES)
        except BrokenPipeError:
            return 0  # it has just ended

    def cpu(self):
        """Seconds of processor time that the guest has had; 0 once it has ended."""
        try:
            return time.clock_gettime((~self.guest << 3) | 2)
        except OSError:
            return 0

    def death(self):
        """The end of the guest. Whatever could kill it from inside but for its own faults is forbidden to it, so SIGKILL is not its doing."""
        os.close(self.from_guest)
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(self.guest, 0)[1])
        except OSError:
            status = 0
        if status == -signal.SIGKILL:
            _leave_process(1)
        return f"the code ended its interpreter ({signal.Signals(-status).name if status < 0 else f'code {status}'})"

    def answer(self, message):
        _write_all(self.answers, _encode(message).encode() + b"\n")


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


_leave_process = os._exit
_installed = next((at for at, path in enumerate(sys.path) if path.endswith("-packages")), len(sys.path))
sys.path[_installed:_installed] = setup["wheels"]  # what was asked for goes before what happens to be there
begin(0)
_Keeper(setup).serve()
