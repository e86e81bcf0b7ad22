package org.memarium.oracle;

import static org.memarium.oracle.ArgumentKind.ADDRESS;
import static org.memarium.oracle.ArgumentKind.ADVICE;
import static org.memarium.oracle.ArgumentKind.FD;
import static org.memarium.oracle.ArgumentKind.LENGTH;
import static org.memarium.oracle.ArgumentKind.MAP;
import static org.memarium.oracle.ArgumentKind.NUMBER;
import static org.memarium.oracle.ArgumentKind.PID;
import static org.memarium.oracle.ArgumentKind.PROT;
import static org.memarium.oracle.ArgumentKind.REMAP;
import static org.memarium.oracle.ArgumentKind.SHM;

import java.util.List;
import java.util.Locale;
import org.memarium.kernel.syscall.SystemCallNames;

/** What a step can be: a system call with its arguments, or an access to memory. */
@SuppressWarnings("ImmutableEnumChecker") // A list that nobody changes.
enum MemoryCall {
  MMAP2(CallGroup.MAP, ADDRESS, LENGTH, PROT, MAP, FD, NUMBER),
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
  PROCESS_VM_READV(CallGroup.REMOTE, PID, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER),
  PROCESS_VM_WRITEV(CallGroup.REMOTE, PID, ADDRESS, NUMBER, ADDRESS, NUMBER, NUMBER),
  PIDFD_OPEN(CallGroup.REMOTE, PID, NUMBER),
  PROCESS_MADVISE(CallGroup.REMOTE, FD, ADDRESS, NUMBER, ADVICE, NUMBER),
  PRLIMIT64(CallGroup.LIMIT, PID, NUMBER, ADDRESS, ADDRESS),
  PERSONALITY(CallGroup.LIMIT, NUMBER),
  SETRESUID32(CallGroup.LIMIT, NUMBER, NUMBER, NUMBER),

  /** The argument is the slot of the child. */
  FORK(CallGroup.FORK, NUMBER),
  EXIT_GROUP(CallGroup.FORK, NUMBER),
  WAIT4(CallGroup.FORK, PID, ADDRESS, NUMBER, NUMBER),

  READ_BYTE(CallGroup.ACCESS, ADDRESS),
  READ_INT(CallGroup.ACCESS, ADDRESS),
  WRITE_BYTE(CallGroup.ACCESS, ADDRESS, NUMBER),
  WRITE_INT(CallGroup.ACCESS, ADDRESS, NUMBER);

  private final CallGroup group;
  private final List<ArgumentKind> arguments;
  private final int number;

  MemoryCall(CallGroup group, ArgumentKind... arguments) {
    this.group = group;
    this.arguments = List.of(arguments);
    number = group == CallGroup.ACCESS ? -1 : SystemCallNames.number(callName());
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
    return name().toLowerCase(Locale.ROOT);
  }

  /** Its number in the i386 table; -1 of an access. */
  int number() {
    return number;
  }
}
