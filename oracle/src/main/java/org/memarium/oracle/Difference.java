package org.memarium.oracle;

/**
 * What the two sides do not agree on.
 *
 * @param kind two differences of one kind probably have one reason, such as {@code smaps Rss}
 * @param text what it is, in words
 * @param step how many steps had been done, this one included
 */
record Difference(String kind, String text, int step) {
  private static final String EXCEPTION = "exception ";

  /** Our side is broken inside, and says so. */
  static Difference exception(RuntimeException e, int step) {
    StackTraceElement[] trace = e.getStackTrace();
    StringBuilder text = new StringBuilder("ours threw " + e);
    for (StackTraceElement element : trace) {
      text.append("\n      at ").append(element);
    }
    String where = trace.length == 0 ? "" : " at " + trace[0];
    return new Difference(EXCEPTION + e.getClass().getSimpleName() + where, text.toString(), step);
  }

  /** Whether our side is not to be used any more. */
  boolean isException() {
    return kind.startsWith(EXCEPTION);
  }
}
