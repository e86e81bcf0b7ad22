package org.memarium.mm.frame;

import java.lang.StackWalker.StackFrame;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.trace.Trace;

/**
 * {@code page_owner}: who allocated each frame last, and who freed it; kept only when checks are
 * on.
 */
final class FrameHistory {
  private static final int CALLERS = 4;
  private static final String OWN_PACKAGE = FrameHistory.class.getPackageName() + ".";
  private static final StackWalker WALKER = StackWalker.getInstance();

  private final Trace trace;
  private final @Nullable Event[] allocated;
  private final @Nullable Event[] freed;
  private long events;

  /**
   * @param number how many allocations and frees there were before, and this one
   * @param nanos the virtual clock
   * @param what order, flags and migrate type
   * @param callers Java methods, the nearest first
   */
  private record Event(long number, long nanos, String what, String callers) {
    String describe(String verb) {
      return "\n  %s by event %d at %d ns: %s, in %s".formatted(verb, number, nanos, what, callers);
    }
  }

  FrameHistory(int frames, Trace trace) {
    this.trace = trace;
    allocated = new Event[frames];
    freed = new Event[frames];
  }

  /** {@code set_page_owner}. */
  void allocated(int pfn, int order, int gfpFlags, int migrateType) {
    String what =
        "order %d, gfp %s, type %s"
            .formatted(order, Gfp.describe(gfpFlags), MigrateType.name(migrateType));
    note(allocated, pfn, order, what);
  }

  /** {@code reset_page_owner}. */
  void freed(int pfn, int order) {
    note(freed, pfn, order, "order " + order);
  }

  private void note(@Nullable Event[] events, int pfn, int order, String what) {
    Event event = new Event(++this.events, trace.nanos(), what, callers());
    for (int i = pfn; i < pfn + (1 << order); i++) {
      events[i] = event;
    }
  }

  private static String callers() {
    return WALKER.walk(frames ->
        frames
            .filter(frame -> !isOwn(frame))
            .limit(CALLERS)
            .map(FrameHistory::describe)
            .collect(Collectors.joining(" < ")));
  }

  private static boolean isOwn(StackFrame frame) {
    String name = frame.getClassName();
    return name.startsWith(OWN_PACKAGE) && !name.endsWith("Test");
  }

  private static String describe(StackFrame frame) {
    String type = frame.getClassName();
    return "%s.%s(line %d)"
        .formatted(
            type.substring(type.lastIndexOf('.') + 1),
            frame.getMethodName(),
            frame.getLineNumber());
  }

  /** What is known of a frame, a line each; nothing if it was never handed out. */
  String describe(int pfn) {
    Event allocation = allocated[pfn];
    Event free = freed[pfn];
    return (allocation == null ? "" : allocation.describe("allocated"))
        + (free == null ? "" : free.describe("freed"));
  }
}
