package org.memarium.mm.slab;

/** Who called into this package: what {@code _RET_IP_} is in Linux. */
final class Caller {
  private static final String PACKAGE = Caller.class.getPackageName() + ".";
  private static final StackWalker WALKER = StackWalker.getInstance();

  private Caller() {}

  /** Class, method and line of the first frame outside, such as {@code Machine.boot:123}. */
  static String find() {
    return WALKER.walk(frames ->
        frames
            .filter(frame -> !frame.getClassName().startsWith(PACKAGE))
            .findFirst()
            .map(Caller::describe)
            .orElse("boot"));
  }

  private static String describe(StackWalker.StackFrame frame) {
    String type = frame.getClassName();
    return "%s.%s:%d"
        .formatted(
            type.substring(type.lastIndexOf('.') + 1),
            frame.getMethodName(),
            frame.getLineNumber());
  }
}
