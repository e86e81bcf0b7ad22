package org.memarium.kernel;

import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.PageTableFormat;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Scheduler;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.slab.SlubDebugOptions;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.swap.ZswapParameters;
import org.memarium.mm.trace.CostModel;

/**
 * Everything that decides what a {@link Machine} does: two machines with equal configurations, and
 * equal files and input, do the same to the last event.
 *
 * <p>Immutable; {@link #builder} makes one. What cannot be is a {@link UsageException} with one
 * clear line, thrown by {@link MachineConfigBuilder#build}.
 */
public final class MachineConfig {
  /** The least RAM that a machine boots with: 4 MiB. */
  public static final long MIN_RAM_BYTES = 4L << 20;

  private final MachineConfigBuilder values;

  MachineConfig(MachineConfigBuilder values) {
    this.values = values;
  }

  /** A builder that holds the defaults. */
  public static MachineConfigBuilder builder() {
    return new MachineConfigBuilder();
  }

  /** Bytes of RAM; default 128 MiB. */
  public long ramBytes() {
    return values.ramBytes;
  }

  /**
   * The kind of machine that the other values started from; it alone says the highest order of the
   * page allocator and the sizes of kmalloc. Default {@link Preset#I386}.
   */
  public Preset preset() {
    return values.preset;
  }

  /** The boot option {@code slub_debug}; default off. */
  public SlubDebugOptions slubDebug() {
    return values.slubDebug;
  }

  /** What fails on purpose; default nothing. */
  public FaultInjection faultInjection() {
    return values.faultInjection;
  }

  /** Which Linux the program finds; default {@link Layout#I386}. */
  public Layout layout() {
    return values.layout;
  }

  /**
   * The shape of the page tables; default two-level for {@link Layout#I386}, four-level for {@link
   * Layout#COMPAT}.
   */
  public PageTableFormat pageTableFormat() {
    PageTableFormat format = values.pageTableFormat;
    if (format != null) {
      return format;
    }
    return values.layout == Layout.I386 ? PageTableFormat.TWO_LEVEL : PageTableFormat.FOUR_LEVEL;
  }

  /** The processor; default {@link CpuModel#DEFAULT}. */
  public CpuModel cpu() {
    return values.cpu;
  }

  /** Entries of each TLB; a power of two, default 64. */
  public int tlbEntries() {
    return values.tlbEntries;
  }

  /** Entries in a set of the TLB; a power of two, at most {@link #tlbEntries}; default 4. */
  public int tlbWays() {
    return values.tlbWays;
  }

  /** What everything random derives from; default 0. */
  public long seed() {
    return values.seed;
  }

  /** Whether the address space is randomised, from the seed; default off. */
  public boolean randomise() {
    return values.randomise;
  }

  /** The folder of the host that the program sees as /; default /. */
  public Path root() {
    return values.root;
  }

  /** Folders of the host, inside the root, whose writes go through to the host. */
  public List<Path> writable() {
    return List.copyOf(values.writable);
  }

  /** The program's working directory, as the program names it; default /. */
  public String workingDirectory() {
    return values.workingDirectory;
  }

  /** Whether the audit runs at every system call; default off. */
  public boolean checks() {
    return values.checks;
  }

  /** Whether translations stay in the TLB when another address space is loaded; default false. */
  public boolean pcid() {
    return values.pcid;
  }

  /** The policy of page replacement; default Linux's two lists. */
  public PolicyChoice reclaimPolicy() {
    return values.reclaimPolicy;
  }

  /**
   * The file where the order in which pages are used is recorded, for {@link PolicyChoice#optimum};
   * null, as by default, if it is not. Recording slows the processor down by an order of magnitude.
   */
  public @Nullable Path recordPages() {
    return values.recordPages;
  }

  /**
   * Instructions for which a task runs before the next one's turn; default {@link
   * Scheduler#DEFAULT_QUANTUM}.
   */
  public long quantum() {
    return values.quantum;
  }

  /** Whom sockets reach; default {@link Network#NONE}. */
  public Network network() {
    return values.network;
  }

  /** What the program and all that it starts may have together; null: there is no group. */
  public @Nullable MemoryLimits memoryLimits() {
    return values.memoryLimits;
  }

  /** Resource limits that differ from Linux's, in the order in which they were given. */
  public List<Limit> limits() {
    return List.copyOf(values.limits);
  }

  /** Where the program reads its standard input; null: it is at its end at once. */
  public @Nullable ReadableByteChannel standardInput() {
    return values.standardInput;
  }

  /** Where its standard output goes; null: nowhere. */
  public @Nullable WritableByteChannel standardOutput() {
    return values.standardOutput;
  }

  /** Where its standard error goes; null: nowhere. */
  public @Nullable WritableByteChannel standardError() {
    return values.standardError;
  }

  /**
   * Whether a standard stream is a terminal.
   *
   * @param fd 0, 1 or 2
   */
  public boolean isTerminal(int fd) {
    return values.terminal[fd];
  }

  /** The program's user; default 0. */
  public int uid() {
    return values.uid;
  }

  /** The program's group; default 0. */
  public int gid() {
    return values.gid;
  }

  /** Lines of the terminal, if there is one; default 24. */
  public int terminalRows() {
    return values.terminalRows;
  }

  /** Characters in a line of the terminal, if there is one; default 80. */
  public int terminalColumns() {
    return values.terminalColumns;
  }

  /** Whether no file is in the host's cache at first, as after boot: {@code --cold-files}. */
  public boolean coldFiles() {
    return values.coldFiles;
  }

  /** What things cost, for the report and for who waits for a device; default as measured. */
  public CostModel costs() {
    return values.costs;
  }

  /** The swap areas that are on when it has booted, in this order; default none. */
  public List<SwapArea> swap() {
    return values.swap;
  }

  /** Compressed RAM in front of swap; null, the default: none. */
  public @Nullable ZswapParameters zswap() {
    return values.zswap;
  }

  /** Nanoseconds since 1970 at which the virtual clock starts; default 2026-01-01T00:00:00Z. */
  public long bootTimeNanos() {
    return values.bootTimeNanos;
  }

  /**
   * One resource limit.
   *
   * @param resource its number in {@link RLimits}
   * @param soft unsigned; {@code RLimits.INFINITY} for none
   * @param hard unsigned, not below {@code soft}
   */
  public record Limit(int resource, long soft, long hard) {}
}
