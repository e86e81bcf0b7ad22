package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;

/** {@code sys_call_table}: the calls that exist here, by their i386 number. */
final class SystemCallTable {
  private final @Nullable SystemCall[] calls = new @Nullable SystemCall[SystemCallNames.COUNT];

  /** The call of a number, or null where there is none. */
  @Nullable SystemCall get(int number) {
    return number >= 0 && number < calls.length ? calls[number] : null;
  }

  /** Enters a call under its name in {@link SystemCallNames}. */
  void set(String name, SystemCall call) {
    int number = SystemCallNames.number(name);
    if (calls[number] != null) {
      throw new IllegalStateException("two calls are named " + name);
    }
    calls[number] = call;
  }

  void set(String name, SystemCall.Of0 call) {
    set(name, (a, b, c, d, e, f) -> call.call());
  }

  void set(String name, SystemCall.Of1 call) {
    set(name, (a, b, c, d, e, f) -> call.call(a));
  }

  void set(String name, SystemCall.Of2 call) {
    set(name, (a, b, c, d, e, f) -> call.call(a, b));
  }

  void set(String name, SystemCall.Of3 call) {
    set(name, (a, b, c, d, e, f) -> call.call(a, b, c));
  }

  void set(String name, SystemCall.Of4 call) {
    set(name, (a, b, c, d, e, f) -> call.call(a, b, c, d));
  }

  void set(String name, SystemCall.Of5 call) {
    set(name, (a, b, c, d, e, f) -> call.call(a, b, c, d, e));
  }
}
