package org.memarium.oracle;

import static org.memarium.oracle.ArgumentKind.ADDRESS;
import static org.memarium.oracle.ArgumentKind.ADVICE;
import static org.memarium.oracle.ArgumentKind.FD;
import static org.memarium.oracle.ArgumentKind.LENGTH;
import static org.memarium.oracle.ArgumentKind.MAP;
import static org.memarium.oracle.ArgumentKind.NUMBER;
import static org.memarium.oracle.ArgumentKind.PID;
import static org.memarium.oracle.ArgumentKind.PROC_FILE;
import static org.memarium.oracle.ArgumentKind.PROC_TEXT;
import static org.memarium.oracle.ArgumentKind.PROT;
import static org.memarium.oracle.ArgumentKind.REMAP;
import static org.memarium.oracle.ArgumentKind.SHM;
import static org.memarium.oracle.ArgumentKind.SHM_PLACE;

import java.util.List;
import java.util.Locale;
import org.memarium.kernel.syscall.SystemCallNames;

/** What a step can be: a system call with its arguments, or an access to memory. */
@SuppressWarnings("ImmutableEnumChecker") // A list that nobody changes.
enum MemoryCall {
  MMAP2(CallGroup.MAP, ADDRESS, LENGTH, PROT, MAP, FD, NUMBER),

  /** The call of old: its arguments are in memory. */
  MMAP(CallGroup.MAP, ADDRESS),
  MUNMAP(CallGroup.MAP, ADDRESS, LENGTH),
  MPROTECT(CallGroup.PROTECT, ADDRESS, LENGTH, PROT),
  MREMAP(CallGroup.REMAP, ADDRESS, LENGTH, LENGTH, REMAP, ADDRESS),
  BRK(CallGroup.BRK, ADDRESS),
  MADVISE(CallGroup.ADVISE, ADDRESS, LENGTH, ADVICE),
  MLOCK(CallGroup.LOCK, ADDRESS, LENGTH),
  MLOCK2(CallGroup.LOCK, ADDRESS, LENGTH, NUMBER),
  MUNLOCK(CallGroup.LOCK, ADDRESS, LENGTH),
  MLOCKALL(CallGroup.LOCK, NUMBER),
  MUNLOCKALL(CallGroup.LOCK),
  MINCORE(CallGroup.CORE, ADDRESS, LENGTH, ADDRESS),
  MSYNC(CallGroup.CORE, ADDRESS, LENGTH, NUMBER),
  REMAP_FILE_PAGES(CallGroup.NONLINEAR, ADDRESS, LENGTH, PROT, NUMBER, MAP),
  MSEAL(CallGroup.SEAL, ADDRESS, LENGTH, NUMBER),
  MEMFD_CREATE(CallGroup.FILE, ADDRESS, NUMBER),
  OPEN(CallGroup.FILE, ADDRESS, NUMBER, NUMBER),
  CLOSE(CallGroup.FILE, FD),
  FTRUNCATE64(CallGroup.FILE, FD, NUMBER, NUMBER),
  FALLOCATE(CallGroup.FILE, FD, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
  FCNTL64(CallGroup.FILE, FD, NUMBER, NUMBER),
  PREAD64(CallGroup.FILE, FD, ADDRESS, LENGTH, NUMBER, NUMBER),
  PWRITE64(CallGroup.FILE, FD, ADDRESS, LENGTH, NUMBER, NUMBER),
  SHMGET(CallGroup.SHM, NUMBER, LENGTH, NUMBER),
  SHMAT(CallGroup.SHM, SHM, ADDRESS, NUMBER),
  SHMDT(CallGroup.SHM, ADDRESS),
  SHMCTL(CallGroup.SHM, SHM, NUMBER, ADDRESS),

  /** shmctl of a place in the table of segments, where SHMCTL has an identifier. */
  SHMCTL_AT(CallGroup.SHM, "shmctl", SHM_PLACE, NUMBER, ADDRESS),
  PROCESS_VM_READV(CallGroup.REMOTE, PID, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER),
  PROCESS_VM_WRITEV(CallGroup.REMOTE, PID, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER),
  PIDFD_OPEN(CallGroup.REMOTE, PID, NUMBER),
  PROCESS_MADVISE(CallGroup.REMOTE, FD, ADDRESS, NUMBER, ADVICE, NUMBER),
  PROCESS_MRELEASE(CallGroup.REMOTE, FD, NUMBER),
  GETRLIMIT(CallGroup.LIMIT, NUMBER, ADDRESS),
  UGETRLIMIT(CallGroup.LIMIT, NUMBER, ADDRESS),
  SETRLIMIT(CallGroup.LIMIT, NUMBER, ADDRESS),
  GETRUSAGE(CallGroup.LIMIT, NUMBER, ADDRESS),
  PRLIMIT64(CallGroup.LIMIT, PID, NUMBER, ADDRESS, ADDRESS),
  PERSONALITY(CallGroup.LIMIT, NUMBER),
  SETRESUID32(CallGroup.LIMIT, NUMBER, NUMBER, NUMBER),
  MODIFY_LDT(CallGroup.SEGMENT, NUMBER, ADDRESS, NUMBER),
  SET_THREAD_AREA(CallGroup.SEGMENT, ADDRESS),
  GET_THREAD_AREA(CallGroup.SEGMENT, ADDRESS),

  /** open of a file of /proc/PID. */
  PROC_OPEN(CallGroup.PROC, "open", PID, PROC_FILE, NUMBER),

  /** No call: the oracle reads a file of /proc/PID on both sides. */
  PROC_READ(CallGroup.PROC, PID, PROC_TEXT),

  /** The argument is the slot of the child. */
  FORK(CallGroup.FORK, NUMBER),
  EXIT_GROUP(CallGroup.FORK, NUMBER),
  WAIT4(CallGroup.FORK, PID, ADDRESS, NUMBER, NUMBER),

  READ_BYTE(CallGroup.ACCESS, ADDRESS),
  READ_INT(CallGroup.ACCESS, ADDRESS),
  WRITE_BYTE(CallGroup.ACCESS, ADDRESS, NUMBER),
  WRITE_INT(CallGroup.ACCESS, ADDRESS, NUMBER);

  private final CallGroup group;
  private final String callName;
  private final List<ArgumentKind> arguments;
  private final int number;

  MemoryCall(CallGroup group, ArgumentKind... arguments) {
    this(group, "", arguments);
  }

  /** A second form of a call, by the call's name. */
  MemoryCall(CallGroup group, String callName, ArgumentKind... arguments) {
    this.group = group;
    this.arguments = List.of(arguments);
    this.callName = callName.isEmpty() ? name().toLowerCase(Locale.ROOT) : callName;
    boolean isCall = group != CallGroup.ACCESS && !name().equals("PROC_READ");
    number = isCall ? SystemCallNames.number(this.callName) : -1;
  }

  /** The family that it belongs to, for {@code --only} and {@code --without}. */
  CallGroup group() {
    return group;
  }

  /** What its arguments are. */
  List<ArgumentKind> arguments() {
    return arguments;
  }

  /** The name in Linux, such as {@code mmap2}. */
  String callName() {
    return callName;
  }

  /** Its number in the i386 table; -1 of what is no call. */
  int number() {
    return number;
  }
}
