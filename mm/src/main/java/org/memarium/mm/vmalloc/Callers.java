package org.memarium.mm.vmalloc;

import java.util.Set;

/** {@code __builtin_return_address}: who called the public functions of this package. */
final class Callers {
  private static final Set<String> INSIDE =
      Set.of(Callers.class.getName(), Vmalloc.class.getName(), KvMalloc.class.getName());

  private Callers() {}

  /** The class and method, such as {@code "Teacher.lesson"}. */
  static String outside() {
    return StackWalker.getInstance()
        .walk(frames ->
            frames
                .filter(frame -> !INSIDE.contains(frame.getClassName()))
                .findFirst()
                .map(frame -> simpleName(frame.getClassName()) + "." + frame.getMethodName())
                .orElse("unknown"));
  }

  private static String simpleName(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }
}
