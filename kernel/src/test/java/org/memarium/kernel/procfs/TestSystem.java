package org.memarium.kernel.procfs;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.FileSizeLimit;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.HostNames;
import org.memarium.kernel.vfs.SuperblockShrinker;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.vfs.VfsConfig;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * A machine, of 128 MiB unless told otherwise, without a processor, one process in it, and /proc
 * over a folder.
 */
final class TestSystem implements SystemView, ProcessView, AutoCloseable {
  private final OomSettings oomSettings = new OomSettings();

  final MemoryManager memory;
  final SlabAllocator slab;
  final Vmalloc vmalloc;
  final Reclaim reclaim;
  final MmStruct mm;
  final RLimits limits = RLimits.initial(1750);
  final Vfs vfs;
  final FileCalls calls;
  private final Ram ram;
  private final FsStruct fs;
  private final FdTable fds = FdTable.outside(() -> 64);
  @Nullable Dentry executable;
  final TestSettings settings = new TestSettings();

  TestSystem(Path folder) {
    this(folder, 128);
  }

  TestSystem(Path folder, int ramMebibytes) {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.I386, (long) ramMebibytes << 20);
    ram = Ram.reserve(map.endPhysicalAddress());
    Memblock memblock = new Memblock(Architecture.I386, map);
    KernelPageTable kernel = new KernelPageTable(ram, memblock);
    PageAllocator allocator =
        PageAllocator.boot(
            ram, memblock, PageAllocator.DEFAULT_MAX_ORDER, new VmStat(), new Trace());
    slab = new SlabAllocator(allocator, SlabConfig.LINUX_6_1, new KernelLog());
    PageCache pageCache = new PageCache(allocator, slab);
    Mmu mmu = new Mmu(ram, Architecture.I386.pageTableFormat(), 64, 4);
    memory = new MemoryManager(allocator, kernel, mmu, pageCache, slab);
    reclaim = new Reclaim(memory);
    vmalloc = new Vmalloc(new KernelMapper(kernel, allocator, mmu), slab);
    mm = Objects.requireNonNull(MmStruct.allocate(memory, Layout.I386, limits));
    vfs = Vfs.open(new VfsConfig(folder, List.of(), 1 << 20, 1, () -> 0, pageCache, slab));
    vfs.mount("sys", "sysfs", new SysFs(this, () -> 0));
    vfs.mount("proc", "proc", new ProcFs(this, vfs::mountTable, () -> 0));
    fs = FsStruct.outside(vfs.root());
    calls = new FileCalls(vfs, fs, fds, Credentials.of(0, 0), FileSizeLimit.NONE);
  }

  /** What a file of the tree contains. */
  String read(String path) {
    int fd = (int) calls.openat(-100, path, 0, 0);
    if (fd < 0) {
      throw new AssertionError(path + ": " + fd);
    }
    byte[] buffer = new byte[1 << 20];
    int count = (int) calls.read(fd, buffer, 0, buffer.length);
    calls.close(fd);
    return HostNames.fromBytes(buffer, 0, count);
  }

  /** Writes to a file as {@code echo text > path} does; the result of write(2), or of open(2). */
  long write(String path, String text) {
    int fd = (int) calls.openat(-100, path, Fcntl.O_WRONLY | Fcntl.O_TRUNC, 0);
    if (fd < 0) {
      return fd;
    }
    byte[] bytes = HostNames.toBytes(text);
    long result = calls.write(fd, bytes, 0, bytes.length);
    calls.close(fd);
    return result;
  }

  @Override
  public void close() {
    mm.exit();
    fds.closeAll();
    vfs.close();
    ram.close();
  }

  @Override
  public Layout layout() {
    return Layout.I386;
  }

  @Override
  public RemoteAccess remoteAccess() {
    return new RemoteAccess(new FaultHandler(memory), memory);
  }

  @Override
  public ProcessSettings settings() {
    return settings;
  }

  @Override
  public CpuModel cpu() {
    return CpuModel.DEFAULT;
  }

  @Override
  public List<? extends ProcessView> processes() {
    return List.of(this);
  }

  @Override
  public ProcessView current() {
    return this;
  }

  @Override
  public String osType() {
    return "Linux";
  }

  @Override
  public String osRelease() {
    return "6.1.0";
  }

  @Override
  public String version() {
    return "#1 SMP";
  }

  @Override
  public String hostName() {
    return "test";
  }

  @Override
  public int wordBytes() {
    return 4;
  }

  @Override
  public MemoryManager memory() {
    return memory;
  }

  @Override
  public SlabAllocator slab() {
    return slab;
  }

  @Override
  public void dropSlab() {
    vfs.dropSlab();
  }

  @Override
  public OomSettings oomSettings() {
    return oomSettings;
  }

  @Override
  public Reclaim reclaim() {
    return reclaim;
  }

  @Override
  public SuperblockShrinker superblockShrinker() {
    return vfs.shrinker();
  }

  @Override
  public Vmalloc vmalloc() {
    return vmalloc;
  }

  @Override
  public long uptimeNanos() {
    return 12_345_678_901L;
  }

  @Override
  public long bootTimeNanos() {
    return 0;
  }

  @Override
  public int pid() {
    return 91;
  }

  @Override
  public int parentPid() {
    return 1;
  }

  @Override
  public int processGroup() {
    return 90;
  }

  @Override
  public int session() {
    return 89;
  }

  @Override
  public String comm() {
    return "busybox";
  }

  @Override
  public char state() {
    return 'R';
  }

  @Override
  public MmStruct mm() {
    return mm;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Credentials credentials() {
    return Credentials.of(0, 0);
  }

  @Override
  public FdTable files() {
    return fds;
  }

  @Override
  public FsStruct fs() {
    return fs;
  }

  @Override
  public @Nullable Dentry executable() {
    return executable;
  }

  @Override
  public byte[] commandLine() {
    return HostNames.toBytes("busybox\0cat\0");
  }

  @Override
  public byte[] environment() {
    return HostNames.toBytes("A=1\0");
  }

  @Override
  public byte[] auxiliaryVector() {
    return new byte[8];
  }

  @Override
  public long softLimit(int resource) {
    return limits.soft(resource);
  }

  @Override
  public long hardLimit(int resource) {
    return limits.hard(resource);
  }

  @Override
  public long minorFaults() {
    return 33;
  }

  @Override
  public long majorFaults() {
    return 0;
  }

  @Override
  public long userNanos() {
    return 10_000_000;
  }

  @Override
  public long systemNanos() {
    return 0;
  }

  @Override
  public long startNanos() {
    return 0;
  }

  @Override
  public List<Long> signalMasks() {
    return List.of(0L, 0L, 0L, 1L, 0x4000L);
  }

  @Override
  public int queuedSignals() {
    return 0;
  }
}
