package org.memarium.kernel;

import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
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
 * clear line, thrown by {@link Builder#build}.
 */
public final class MachineConfig {
  /** The least RAM that a machine boots with: 4 MiB. */
  public static final long MIN_RAM_BYTES = 4L << 20;

  /** RAM comes in whole MiB, as {@link org.memarium.mm.frame.PhysicalMemoryMap#pc} wants it. */
  private static final long RAM_UNIT_BYTES = 1L << 20;

  /** What mkswap asks for. */
  private static final long MIN_SWAP_BYTES = 10L * Ram.PAGE_SIZE;

  private final Builder values;

  private MachineConfig(Builder values) {
    this.values = values;
  }

  /** A builder that holds the defaults. */
  public static Builder builder() {
    return new Builder();
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

  /** Collects the values; each method sets one and returns this. */
  public static final class Builder {
    private long ramBytes = 128L << 20;
    private Preset preset = Preset.I386;
    private SlubDebugOptions slubDebug = SlubDebugOptions.OFF;
    private FaultInjection faultInjection = FaultInjection.NONE;
    private Layout layout = Layout.I386;
    private @Nullable PageTableFormat pageTableFormat;
    private CpuModel cpu = CpuModel.DEFAULT;
    private int tlbEntries = 64;
    private int tlbWays = 4;
    private long seed;
    private boolean randomise;
    private Path root = Path.of("/");
    private List<Path> writable = new ArrayList<>();
    private String workingDirectory = "/";
    private boolean checks;
    private boolean pcid;
    private PolicyChoice reclaimPolicy = PolicyChoice.DEFAULT;
    private @Nullable Path recordPages;
    private long quantum = Scheduler.DEFAULT_QUANTUM;
    private Network network = Network.NONE;
    private @Nullable MemoryLimits memoryLimits;
    private List<Limit> limits = new ArrayList<>();
    private @Nullable ReadableByteChannel standardInput;
    private @Nullable WritableByteChannel standardOutput;
    private @Nullable WritableByteChannel standardError;
    private boolean[] terminal = new boolean[3];
    private int uid;
    private int gid;
    private int terminalRows = 24;
    private int terminalColumns = 80;
    private boolean coldFiles;
    private CostModel costs = CostModel.DEFAULT;
    private List<SwapArea> swap = new ArrayList<>();
    private @Nullable ZswapParameters zswap;
    private long bootTimeNanos = 1_767_225_600L * 1_000_000_000L;

    private Builder() {}

    private Builder(Builder from) {
      ramBytes = from.ramBytes;
      preset = from.preset;
      slubDebug = from.slubDebug;
      faultInjection = from.faultInjection;
      layout = from.layout;
      pageTableFormat = from.pageTableFormat;
      cpu = from.cpu;
      tlbEntries = from.tlbEntries;
      tlbWays = from.tlbWays;
      seed = from.seed;
      randomise = from.randomise;
      root = from.root;
      writable = new ArrayList<>(from.writable);
      workingDirectory = from.workingDirectory;
      checks = from.checks;
      pcid = from.pcid;
      reclaimPolicy = from.reclaimPolicy;
      recordPages = from.recordPages;
      quantum = from.quantum;
      network = from.network;
      memoryLimits = from.memoryLimits;
      limits = new ArrayList<>(from.limits);
      standardInput = from.standardInput;
      standardOutput = from.standardOutput;
      standardError = from.standardError;
      terminal = from.terminal.clone();
      uid = from.uid;
      gid = from.gid;
      terminalRows = from.terminalRows;
      terminalColumns = from.terminalColumns;
      coldFiles = from.coldFiles;
      costs = from.costs;
      swap = new ArrayList<>(from.swap);
      zswap = from.zswap;
      bootTimeNanos = from.bootTimeNanos;
    }

    /** See {@link MachineConfig#zswap}. */
    public Builder zswap(@Nullable ZswapParameters parameters) {
      zswap = parameters;
      return this;
    }

    /** Adds to {@link MachineConfig#swap}. */
    public Builder swap(SwapArea area) {
      swap.add(area);
      return this;
    }

    /** See {@link MachineConfig#ramBytes}. */
    public Builder ramBytes(long bytes) {
      ramBytes = bytes;
      return this;
    }

    /**
     * See {@link MachineConfig#preset}; also sets layout and page tables, which may be changed
     * afterwards.
     */
    public Builder preset(Preset value) {
      preset = value;
      layout = value.layout();
      pageTableFormat = value.pageTableFormat();
      return this;
    }

    /** See {@link MachineConfig#slubDebug}. */
    public Builder slubDebug(SlubDebugOptions options) {
      slubDebug = options;
      return this;
    }

    /** See {@link MachineConfig#faultInjection}. */
    public Builder faultInjection(FaultInjection faults) {
      faultInjection = faults;
      return this;
    }

    /** See {@link MachineConfig#layout}. */
    public Builder layout(Layout value) {
      layout = value;
      return this;
    }

    /** See {@link MachineConfig#pageTableFormat}. */
    public Builder pageTableFormat(PageTableFormat format) {
      pageTableFormat = format;
      return this;
    }

    /** See {@link MachineConfig#cpu}. */
    public Builder cpu(CpuModel model) {
      cpu = model;
      return this;
    }

    /** See {@link MachineConfig#tlbEntries} and {@link MachineConfig#tlbWays}. */
    public Builder tlb(int entries, int ways) {
      tlbEntries = entries;
      tlbWays = ways;
      return this;
    }

    /** See {@link MachineConfig#seed}. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** See {@link MachineConfig#randomise}. */
    public Builder randomise(boolean value) {
      randomise = value;
      return this;
    }

    /** See {@link MachineConfig#root}. */
    public Builder root(Path folder) {
      root = folder;
      return this;
    }

    /** Adds one to {@link MachineConfig#writable}. */
    public Builder writable(Path folder) {
      writable.add(folder);
      return this;
    }

    /** See {@link MachineConfig#workingDirectory}. */
    public Builder workingDirectory(String path) {
      workingDirectory = path;
      return this;
    }

    /** See {@link MachineConfig#checks}. */
    public Builder checks(boolean value) {
      checks = value;
      return this;
    }

    /** See {@link MachineConfig#pcid}. */
    public Builder pcid(boolean value) {
      pcid = value;
      return this;
    }

    /** See {@link MachineConfig#reclaimPolicy}. */
    public Builder reclaimPolicy(PolicyChoice choice) {
      reclaimPolicy = choice;
      return this;
    }

    /** See {@link MachineConfig#recordPages}. */
    public Builder recordPages(@Nullable Path file) {
      recordPages = file;
      return this;
    }

    /** See {@link MachineConfig#quantum}. */
    public Builder quantum(long instructions) {
      quantum = instructions;
      return this;
    }

    /** See {@link MachineConfig#network}. */
    public Builder network(Network value) {
      network = value;
      return this;
    }

    /** See {@link MachineConfig#memoryLimits}. */
    public Builder memoryLimits(@Nullable MemoryLimits value) {
      memoryLimits = value;
      return this;
    }

    /** Adds one to {@link MachineConfig#limits}; of two for one resource the last counts. */
    public Builder limit(int resource, long soft, long hard) {
      limits.add(new Limit(resource, soft, hard));
      return this;
    }

    /** See {@link MachineConfig#standardInput}. */
    public Builder standardInput(ReadableByteChannel channel) {
      standardInput = channel;
      return this;
    }

    /** See {@link MachineConfig#standardOutput}. */
    public Builder standardOutput(WritableByteChannel channel) {
      standardOutput = channel;
      return this;
    }

    /** See {@link MachineConfig#standardError}. */
    public Builder standardError(WritableByteChannel channel) {
      standardError = channel;
      return this;
    }

    /** See {@link MachineConfig#isTerminal}. */
    public Builder terminal(int fd, boolean value) {
      terminal[fd] = value;
      return this;
    }

    /** See {@link MachineConfig#uid} and {@link MachineConfig#gid}. */
    public Builder user(int uid, int gid) {
      this.uid = uid;
      this.gid = gid;
      return this;
    }

    /** See {@link MachineConfig#terminalRows} and {@link MachineConfig#terminalColumns}. */
    public Builder terminalSize(int rows, int columns) {
      terminalRows = rows;
      terminalColumns = columns;
      return this;
    }

    /** See {@link MachineConfig#coldFiles}. */
    public Builder coldFiles(boolean cold) {
      coldFiles = cold;
      return this;
    }

    /** See {@link MachineConfig#costs}. */
    public Builder costs(CostModel model) {
      costs = model;
      return this;
    }

    /** See {@link MachineConfig#bootTimeNanos}. */
    public Builder bootTimeNanos(long nanos) {
      bootTimeNanos = nanos;
      return this;
    }

    /**
     * Checks the values and freezes them.
     *
     * @throws UsageException if a value cannot be, or two do not fit together
     */
    public MachineConfig build() {
      if (ramBytes < MIN_RAM_BYTES || ramBytes % RAM_UNIT_BYTES != 0) {
        throw new UsageException(
            "RAM of %d bytes cannot be: a machine has at least 4M, and whole MiB"
                .formatted(ramBytes));
      }
      MachineConfig config = new MachineConfig(new Builder(this));
      PageTableFormat format = config.pageTableFormat();
      if (layout == Layout.COMPAT && format != PageTableFormat.FOUR_LEVEL) {
        throw new UsageException(
            "the compat layout is that of a 64-bit kernel and needs four-level page tables");
      }
      if (layout == Layout.I386 && format == PageTableFormat.FOUR_LEVEL) {
        throw new UsageException(
            "the i386 layout is that of a 32-bit kernel: two-level or PAE page tables");
      }
      if (Integer.bitCount(tlbEntries) != 1
          || Integer.bitCount(tlbWays) != 1
          || tlbEntries < 1
          || tlbWays < 1
          || tlbWays > tlbEntries) {
        throw new UsageException(
            "a TLB of %d entries in sets of %d cannot be: both are powers of two, the first not smaller"
                .formatted(tlbEntries, tlbWays));
      }
      if (pcid && layout == Layout.I386) {
        throw new UsageException(
            "PCIDs are for 64-bit kernels: a processor has them in 64-bit mode only");
      }
      if (quantum < 1) {
        throw new UsageException(
            "a quantum of %d instructions cannot be: at least 1".formatted(quantum));
      }
      if (uid < 0 || gid < 0) {
        throw new UsageException("user %d and group %d: neither is negative".formatted(uid, gid));
      }
      for (SwapArea area : swap) {
        check(area);
      }
      for (Limit limit : limits) {
        if (limit.resource() < 0 || limit.resource() >= RLimits.COUNT) {
          throw new UsageException("there is no limit number " + limit.resource());
        }
        if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
          throw new UsageException(
              "limit %s: the soft value is above the hard one"
                  .formatted(RLimits.nameOf(limit.resource())));
        }
      }
      if (!workingDirectory.startsWith("/")) {
        throw new UsageException("the working directory must be absolute: " + workingDirectory);
      }
      return config;
    }

    private static void check(SwapArea area) {
      if (area.file() == null
          && (area.bytes() < MIN_SWAP_BYTES || area.bytes() % Ram.PAGE_SIZE != 0)) {
        throw new UsageException(
            "%d bytes of swap cannot be: whole pages of %d bytes, and ten of them at least"
                .formatted(area.bytes(), Ram.PAGE_SIZE));
      }
      if (area.priority() < -1 || area.priority() > SwapArea.MAX_PRIORITY) {
        throw new UsageException(
            "a swap area of priority %d cannot be: 0 to %d"
                .formatted(area.priority(), SwapArea.MAX_PRIORITY));
      }
    }
  }
}
