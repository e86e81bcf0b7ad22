package org.memarium.mm.slab;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.memarium.mm.trace.KernelLog;

/** Who is running, for tracks and reports; at boot nobody is. */
public final class SlabContext {
  /** {@code CONFIG_HZ} of Debian's kernels is 250. */
  private static final long NANOS_PER_JIFFY = 4_000_000;

  /** {@code TAINT_BAD_PAGE}. */
  static final int TAINT_BAD_PAGE = 5;

  /** {@code TAINT_WARN}. */
  static final int TAINT_WARN = 9;

  /** A letter for each bit of the mask; the first is G where it is clear. */
  private static final String TAINT_LETTERS = "PFSRMBUDAWCIOELKXTN";

  private final KernelLog log;
  private IntSupplier pid = () -> 0;
  private Supplier<String> command = () -> "swapper";

  /** Call sites by number; tracks in the simulated RAM hold the numbers. */
  private final List<String> callSites = new ArrayList<>();

  private final Map<String, Integer> callSiteNumbers = new HashMap<>();

  /** {@code tainted_mask}. */
  private int tainted;

  SlabContext(KernelLog log) {
    this.log = log;
  }

  /**
   * Names who knows the running process.
   *
   * @param currentPid {@code current->pid}
   * @param currentCommand {@code current->comm}
   */
  public void setCurrent(IntSupplier currentPid, Supplier<String> currentCommand) {
    pid = currentPid;
    command = currentCommand;
  }

  int pid() {
    return pid.getAsInt();
  }

  String command() {
    return command.get();
  }

  /** {@code jiffies}, from the clock of the log. */
  long jiffies() {
    return log.clock().getAsLong() / NANOS_PER_JIFFY;
  }

  /** The number of a call site, 1 and up. */
  int callSite(String name) {
    Integer number = callSiteNumbers.get(name);
    if (number == null) {
      callSites.add(name);
      number = callSites.size();
      callSiteNumbers.put(name, number);
    }
    return number;
  }

  /** The call site of a number; a number that is none is shown as an address. */
  String callSite(long number) {
    return number > 0 && number <= callSites.size()
        ? callSites.get((int) number - 1)
        : "0x%x".formatted(number);
  }

  /** {@code add_taint}. */
  void taint(int bit) {
    tainted |= 1 << bit;
  }

  /** {@code print_tainted}. */
  String printTainted() {
    if (tainted == 0) {
      return "Not tainted";
    }
    StringBuilder text = new StringBuilder("Tainted: G");
    for (int bit = 1; bit < TAINT_LETTERS.length(); bit++) {
      text.append((tainted >>> bit & 1) != 0 ? TAINT_LETTERS.charAt(bit) : ' ');
    }
    return text.toString();
  }
}
