package org.memarium.mm.reclaim;

/**
 * First in, first out: the page goes that came first, however it was used since. It needs no
 * accessed bits, and suffers Belady's anomaly: with more memory it may fault more often (Belady,
 * Nelson, Shedler 1969).
 */
final class FirstInFirstOut extends OneLine {
  FirstInFirstOut(PolicyParts parts) {
    super(parts);
  }

  @Override
  public String name() {
    return "fifo";
  }
}
