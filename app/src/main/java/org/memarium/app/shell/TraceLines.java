package org.memarium.app.shell;

import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Locale;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.TraceListener;

/** Prints events as they happen, as ftrace does: {@code mm_page_alloc: pfn=0x1f3 order=0}. */
final class TraceLines implements TraceListener {
  private static final List<String> IN_HEX =
      List.of("pfn", "address", "start", "end", "offset", "result", "linearAddress", "errorCode");

  private final Output out;
  private final List<String> wanted;

  /**
   * A listener.
   *
   * @param wanted names of events; all if there are none
   */
  TraceLines(Output out, List<String> wanted) {
    this.out = out;
    this.wanted = wanted;
  }

  @Override
  public void event(long sequence, long virtualNanos, TraceEvent event) {
    String name = event.name();
    if (!wanted.isEmpty() && !wanted.contains(name)) {
      return;
    }
    StringBuilder line = new StringBuilder(name).append(':');
    for (RecordComponent component : event.getClass().getRecordComponents()) {
      line.append(' ').append(linuxName(component.getName())).append('=');
      line.append(value(component, event));
    }
    out.line(out.paint(Output.Style.DIM, line.toString()));
  }

  private static String value(RecordComponent component, TraceEvent event) {
    Object value;
    try {
      value = component.getAccessor().invoke(event);
    } catch (ReflectiveOperationException closed) {
      throw new IllegalStateException("an event whose fields cannot be read: " + event, closed);
    }
    if (component.getName().equals("gfpFlags") && value instanceof Integer flags) {
      return Gfp.describe(flags);
    }
    if (value instanceof Number number && IN_HEX.contains(component.getName())) {
      return number.longValue() < 0 ? number.toString() : "0x%x".formatted(number.longValue());
    }
    return String.valueOf(value);
  }

  private static String linuxName(String javaName) {
    return javaName.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
