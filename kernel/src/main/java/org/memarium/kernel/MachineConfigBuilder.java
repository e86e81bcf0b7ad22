package org.memarium.kernel;

import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.PageTableFormat;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Scheduler;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.slab.SlubDebugOptions;
import org.memarium.mm.space.Layout;
import org.memarium.mm.swap.ZswapParameters;
import org.memarium.mm.trace.CostModel;

/**
 * Collects the values of a {@link MachineConfig}, and holds their defaults; each method sets one
 * and returns this.
 */
public final class MachineConfigBuilder {
  long ramBytes = 128L << 20;
  Preset preset = Preset.I386;
  SlubDebugOptions slubDebug = SlubDebugOptions.OFF;
  FaultInjection faultInjection = FaultInjection.NONE;
  Layout layout = Layout.I386;
  @Nullable PageTableFormat pageTableFormat;
  CpuModel cpu = CpuModel.DEFAULT;
  int tlbEntries = 64;
  int tlbWays = 4;
  long seed;
  boolean randomise;
  Path root = Path.of("/");
  List<Path> writable = new ArrayList<>();
  String workingDirectory = "/";
  boolean checks;
  boolean pcid;
  PolicyChoice reclaimPolicy = PolicyChoice.DEFAULT;
  @Nullable Path recordPages;
  long quantum = Scheduler.DEFAULT_QUANTUM;
  Network network = Network.NONE;
  @Nullable MemoryLimits memoryLimits;
  List<MachineConfig.Limit> limits = new ArrayList<>();
  @Nullable ReadableByteChannel standardInput;
  @Nullable WritableByteChannel standardOutput;
  @Nullable WritableByteChannel standardError;
  boolean[] terminal = new boolean[3];
  int uid;
  int gid;
  int terminalRows = 24;
  int terminalColumns = 80;
  boolean coldFiles;
  CostModel costs = CostModel.DEFAULT;
  List<SwapArea> swap = new ArrayList<>();
  @Nullable ZswapParameters zswap;
  long bootTimeNanos = 1_767_225_600L * 1_000_000_000L;

  MachineConfigBuilder() {}

  MachineConfigBuilder(MachineConfigBuilder from) {
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
  public MachineConfigBuilder zswap(@Nullable ZswapParameters parameters) {
    zswap = parameters;
    return this;
  }

  /** Adds to {@link MachineConfig#swap}. */
  public MachineConfigBuilder swap(SwapArea area) {
    swap.add(area);
    return this;
  }

  /** See {@link MachineConfig#ramBytes}. */
  public MachineConfigBuilder ramBytes(long bytes) {
    ramBytes = bytes;
    return this;
  }

  /**
   * See {@link MachineConfig#preset}; also sets layout and page tables, which may be changed
   * afterwards.
   */
  public MachineConfigBuilder preset(Preset value) {
    preset = value;
    layout = value.layout();
    pageTableFormat = value.pageTableFormat();
    return this;
  }

  /** See {@link MachineConfig#slubDebug}. */
  public MachineConfigBuilder slubDebug(SlubDebugOptions options) {
    slubDebug = options;
    return this;
  }

  /** See {@link MachineConfig#faultInjection}. */
  public MachineConfigBuilder faultInjection(FaultInjection faults) {
    faultInjection = faults;
    return this;
  }

  /** See {@link MachineConfig#layout}. */
  public MachineConfigBuilder layout(Layout value) {
    layout = value;
    return this;
  }

  /** See {@link MachineConfig#pageTableFormat}. */
  public MachineConfigBuilder pageTableFormat(PageTableFormat format) {
    pageTableFormat = format;
    return this;
  }

  /** See {@link MachineConfig#cpu}. */
  public MachineConfigBuilder cpu(CpuModel model) {
    cpu = model;
    return this;
  }

  /** See {@link MachineConfig#tlbEntries} and {@link MachineConfig#tlbWays}. */
  public MachineConfigBuilder tlb(int entries, int ways) {
    tlbEntries = entries;
    tlbWays = ways;
    return this;
  }

  /** See {@link MachineConfig#seed}. */
  public MachineConfigBuilder seed(long value) {
    seed = value;
    return this;
  }

  /** See {@link MachineConfig#randomise}. */
  public MachineConfigBuilder randomise(boolean value) {
    randomise = value;
    return this;
  }

  /** See {@link MachineConfig#root}. */
  public MachineConfigBuilder root(Path folder) {
    root = folder;
    return this;
  }

  /** Adds one to {@link MachineConfig#writable}. */
  public MachineConfigBuilder writable(Path folder) {
    writable.add(folder);
    return this;
  }

  /** See {@link MachineConfig#workingDirectory}. */
  public MachineConfigBuilder workingDirectory(String path) {
    workingDirectory = path;
    return this;
  }

  /** See {@link MachineConfig#checks}. */
  public MachineConfigBuilder checks(boolean value) {
    checks = value;
    return this;
  }

  /** See {@link MachineConfig#pcid}. */
  public MachineConfigBuilder pcid(boolean value) {
    pcid = value;
    return this;
  }

  /** See {@link MachineConfig#reclaimPolicy}. */
  public MachineConfigBuilder reclaimPolicy(PolicyChoice choice) {
    reclaimPolicy = choice;
    return this;
  }

  /** See {@link MachineConfig#recordPages}. */
  public MachineConfigBuilder recordPages(@Nullable Path file) {
    recordPages = file;
    return this;
  }

  /** See {@link MachineConfig#quantum}. */
  public MachineConfigBuilder quantum(long instructions) {
    quantum = instructions;
    return this;
  }

  /** See {@link MachineConfig#network}. */
  public MachineConfigBuilder network(Network value) {
    network = value;
    return this;
  }

  /** See {@link MachineConfig#memoryLimits}. */
  public MachineConfigBuilder memoryLimits(@Nullable MemoryLimits value) {
    memoryLimits = value;
    return this;
  }

  /** Adds one to {@link MachineConfig#limits}; of two for one resource the last counts. */
  public MachineConfigBuilder limit(int resource, long soft, long hard) {
    limits.add(new MachineConfig.Limit(resource, soft, hard));
    return this;
  }

  /** See {@link MachineConfig#standardInput}. */
  public MachineConfigBuilder standardInput(ReadableByteChannel channel) {
    standardInput = channel;
    return this;
  }

  /** See {@link MachineConfig#standardOutput}. */
  public MachineConfigBuilder standardOutput(WritableByteChannel channel) {
    standardOutput = channel;
    return this;
  }

  /** See {@link MachineConfig#standardError}. */
  public MachineConfigBuilder standardError(WritableByteChannel channel) {
    standardError = channel;
    return this;
  }

  /** See {@link MachineConfig#isTerminal}. */
  public MachineConfigBuilder terminal(int fd, boolean value) {
    terminal[fd] = value;
    return this;
  }

  /** See {@link MachineConfig#uid} and {@link MachineConfig#gid}. */
  public MachineConfigBuilder user(int uid, int gid) {
    this.uid = uid;
    this.gid = gid;
    return this;
  }

  /** See {@link MachineConfig#terminalRows} and {@link MachineConfig#terminalColumns}. */
  public MachineConfigBuilder terminalSize(int rows, int columns) {
    terminalRows = rows;
    terminalColumns = columns;
    return this;
  }

  /** See {@link MachineConfig#coldFiles}. */
  public MachineConfigBuilder coldFiles(boolean cold) {
    coldFiles = cold;
    return this;
  }

  /** See {@link MachineConfig#costs}. */
  public MachineConfigBuilder costs(CostModel model) {
    costs = model;
    return this;
  }

  /** See {@link MachineConfig#bootTimeNanos}. */
  public MachineConfigBuilder bootTimeNanos(long nanos) {
    bootTimeNanos = nanos;
    return this;
  }

  /**
   * Checks the values and freezes them.
   *
   * @throws UsageException if a value cannot be, or two do not fit together
   */
  public MachineConfig build() {
    MachineConfig config = new MachineConfig(new MachineConfigBuilder(this));
    MachineConfigCheck.check(config);
    return config;
  }
}
