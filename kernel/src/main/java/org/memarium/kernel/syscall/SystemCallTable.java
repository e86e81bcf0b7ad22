package org.memarium.kernel.syscall;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code sys_call_table}: the calls that exist here, by their i386 number, and what is to be said
 * of each. Whoever enters a call says it there and then, so that the table in docs/syscalls.md is
 * written from here:
 *
 * <pre>{@code
 * table.set("getpid", this::getpid);
 * table.set("prctl", this::prctl).partly("no PR_SET_SECCOMP");
 * table.set("sync", this::sync).remark("writable folders are all there is to write to");
 * table.refuse("ptrace", Errno.EPERM, "nobody traces anybody");
 * }</pre>
 */
final class SystemCallTable {
  private final @Nullable SystemCall[] calls = new @Nullable SystemCall[SystemCallNames.COUNT];
  private final SystemCallDescription[] descriptions =
      new SystemCallDescription[SystemCallNames.COUNT];

  /** What the report says where a number has no call. */
  private final String[] inVain = new String[SystemCallNames.COUNT];

  SystemCallTable() {
    for (int number = 0; number < descriptions.length; number++) {
      boolean named = SystemCallNames.isNamed(number);
      SystemCallStatus status = named ? SystemCallStatus.MISSING : SystemCallStatus.UNUSED;
      describe(number, status, Errno.ENOSYS, "");
      inVain[number] = "system call %d (%s)".formatted(number, SystemCallNames.name(number));
    }
  }

  private void describe(int number, SystemCallStatus status, int errno, String remark) {
    descriptions[number] =
        new SystemCallDescription(number, SystemCallNames.name(number), status, errno, remark);
  }

  /** The call of a number, or null where there is none. */
  @Nullable SystemCall get(int number) {
    return number >= 0 && number < calls.length ? calls[number] : null;
  }

  /** The error that a number without a call is answered with: positive. */
  int errno(int number) {
    return number >= 0 && number < calls.length ? descriptions[number].errno() : Errno.ENOSYS;
  }

  /** What the report says of a number without a call. */
  String inVain(int number) {
    return number >= 0 && number < calls.length
        ? inVain[number]
        : "system call %d (%s)".formatted(number, SystemCallNames.name(number));
  }

  /** Every number, in order. */
  List<SystemCallDescription> descriptions() {
    return List.of(descriptions);
  }

  /** Enters a call under its name in {@link SystemCallNames}. */
  Registration set(String name, SystemCall call) {
    int number = claim(name);
    calls[number] = call;
    describe(number, SystemCallStatus.IMPLEMENTED, 0, "");
    return new Registration(number);
  }

  Registration set(String name, SystemCall.Of0 call) {
    return set(name, (a, b, c, d, e, f) -> call.call());
  }

  Registration set(String name, SystemCall.Of1 call) {
    return set(name, (a, b, c, d, e, f) -> call.call(a));
  }

  Registration set(String name, SystemCall.Of2 call) {
    return set(name, (a, b, c, d, e, f) -> call.call(a, b));
  }

  Registration set(String name, SystemCall.Of3 call) {
    return set(name, (a, b, c, d, e, f) -> call.call(a, b, c));
  }

  Registration set(String name, SystemCall.Of4 call) {
    return set(name, (a, b, c, d, e, f) -> call.call(a, b, c, d));
  }

  Registration set(String name, SystemCall.Of5 call) {
    return set(name, (a, b, c, d, e, f) -> call.call(a, b, c, d, e));
  }

  /**
   * Refuses calls by design, whatever their arguments are.
   *
   * @param names one or more, with blanks between them
   * @param errno what they are answered with: positive
   * @param why in a few words: for whom or in which kernel Linux refuses them too
   */
  void refuse(String names, int errno, String why) {
    for (String name : names.split(" ", -1)) {
      int number = claim(name);
      describe(number, SystemCallStatus.REFUSED, errno, why);
      inVain[number] =
          "system call %d (%s): %s, %s".formatted(number, name, Errno.name(-errno), why);
    }
  }

  private int claim(String name) {
    int number = SystemCallNames.number(name);
    if (descriptions[number].status() != SystemCallStatus.MISSING) {
      throw new IllegalStateException("two calls are named " + name);
    }
    return number;
  }

  /** A call that was entered, to say more of. */
  final class Registration {
    private final int number;

    private Registration(int number) {
      this.number = number;
    }

    /** The call is there in part; says what is missing. */
    void partly(String missing) {
      describe(number, SystemCallStatus.PARTLY, 0, missing);
    }

    /** The call is there; says what is worth knowing of it. */
    void remark(String text) {
      describe(number, SystemCallStatus.IMPLEMENTED, 0, text);
    }
  }
}
