package org.memarium.mm.slab;

import java.util.List;

/** Who called into this package: what {@code _RET_IP_} is in Linux. */
final class Caller {
  private static final String PACKAGE = Caller.class.getPackageName() + ".";
  private static final StackWalker WALKER = StackWalker.getInstance();

  private Caller() {}

  /** Class, method and line of the first frame outside, such as {@code Machine.boot:123}. */
  static String find() {
    List<String> first = stack(1);
    return first.isEmpty() ? "boot" : first.getFirst();
  }

  /** The innermost frames outside. */
  static List<String> stack(int most) {
    return WALKER.walk(frames ->
        frames
            .dropWhile(frame -> isInside(frame.getClassName()))
            .limit(most)
            .map(Caller::describe)
            .toList());
  }

  private static boolean isInside(String className) {
    // Tests of this package are callers, too.
    return className.startsWith(PACKAGE) && !className.endsWith("Test");
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
