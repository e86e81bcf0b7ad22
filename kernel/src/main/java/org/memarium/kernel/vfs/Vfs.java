package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.HostTerminal;
import org.memarium.kernel.tty.JobControl;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.trace.KernelLog;

/**
 * The tree of files of one machine: the view of the host, the overlay, and what is mounted on it.
 */
public final class Vfs implements AutoCloseable {

  private static final int DEVTMPFS_MINOR = 5;
  private static final int DEVPTS_MINOR = 22;
  private static final long DEVPTS_SUPER_MAGIC = 0x1cd1;
  private static final int PIPEFS_MINOR = 13;
  private static final int SOCKFS_MINOR = 8;
  private static final int SHM_MINOR = 23;
  private static final int SHM_MNT_MINOR = 1;
  private static final int ANON_INODE_MINOR = 14;
  private static final int PIDFS_MINOR = 15;
  private static final int HUGETLBFS_MINOR = 17;
  private static final long TMPFS_MAGIC = 0x01021994;

  private final HostView view;
  private final Dcache dcache;
  private final SuperblockShrinker shrinker;
  private final Dentry root;
  private final LongSupplier clockNanos;
  private final RandomSource random;
  private final PseudoDirectory pts;
  private final LateJobControl processes = new LateJobControl();
  private final Terminals terminals;
  private final PseudoDirectory dev;
  private final PseudoFileSystem devices;
  private final AnonInode anonInode;
  private final PidFs pidFs = new PidFs(DeviceNumber.of(0, PIDFS_MINOR));
  private final KernelMessages messages;
  private final UnixDomain unix;
  private @Nullable InternetDomain internet;
  private final List<String> mounts = new ArrayList<>();

  /** {@code shm_mnt}: where files of memory lie that have no name. */
  private final Tmpfs memory;

  private final LockCall.Blocked blockedLocks = new LockCall.Blocked();

  /** Open files that sleeping calls hold, and how often: they may have no descriptor any more. */
  private final Map<OpenFile, Integer> heldByCalls = new LinkedHashMap<>();

  private long nextPipe = 1;
  private long nextSocket = 1;

  private Vfs(VfsConfig config, HostView view, Dentry root) throws ErrnoException {
    mounts.add("overlay / overlay rw,relatime 0 0\n");
    this.view = view;
    this.dcache = root.dcache();
    this.shrinker = new SuperblockShrinker(dcache, view);
    this.root = root;
    this.clockNanos = config.clockNanos();
    this.random = new RandomSource(config.seed());
    this.memory = new Tmpfs(view, DeviceNumber.of(0, SHM_MNT_MINOR), 0, caches().wordBytes());
    this.devices =
        new PseudoFileSystem(DEVTMPFS_MINOR, TMPFS_MAGIC, VfsCaches.InodeKind.SHMEM, clockNanos);
    this.dev = new PseudoDirectory(devices, 0755);
    PseudoFileSystem devpts =
        new PseudoFileSystem(
            DEVPTS_MINOR, DEVPTS_SUPER_MAGIC, VfsCaches.InodeKind.GENERIC, clockNanos);
    this.pts = new PseudoDirectory(devpts, 0755);
    this.terminals = new Terminals(devpts, pts, processes);
    this.anonInode = new AnonInode(DeviceNumber.of(0, ANON_INODE_MINOR), 1, nowNanos());
    this.unix = new UnixDomain(dcache.caches());
    SlabAllocator slab = config.slab();
    this.messages = new KernelMessages(slab == null ? new KernelLog() : slab.log());
    makeDevices();
  }

  /**
   * Opens the view.
   *
   * @throws InvalidViewException if the root or a writable folder is not there, is no folder, or a
   *     writable folder is not inside the root
   */
  public static Vfs open(VfsConfig config) {
    HostView view = new HostView(config.clockNanos(), config.pageCache(), config.overlayBytes());
    Path folder = realFolder(config.root(), "root folder");
    List<Path> writable = new ArrayList<>();
    for (Path given : config.writable()) {
      Path real = realFolder(given, "writable folder");
      if (!real.startsWith(folder)) {
        throw new InvalidViewException(
            "writable folder " + given + " is not inside the root folder " + config.root());
      }
      writable.add(real);
    }
    writable.sort(Comparator.naturalOrder());
    try {
      HostAttributes host = view.attributes(folder);
      if (host == null) {
        throw new InvalidViewException("root folder " + config.root() + " is gone");
      }
      boolean writableRoot = !writable.isEmpty() && writable.getFirst().equals(folder);
      Directory top =
          writableRoot
              ? new WritableDirectory(new WritableMount(view, folder), host)
              : new OverlayDirectory(view, view, folder, host);
      Dcache dcache = new Dcache(new VfsCaches(config.slab()));
      Vfs vfs = new Vfs(config, view, top.becomeRoot(dcache, null, ""));
      if (!writableRoot) {
        for (Path real : writable) {
          vfs.mountWritable(folder, real);
        }
      }
      return vfs;
    } catch (ErrnoException e) {
      throw new InvalidViewException(
          "root folder " + config.root() + " cannot be looked into: " + e.getMessage());
    }
  }

  private static Path realFolder(Path given, String what) {
    Path real;
    try {
      real = given.toRealPath();
    } catch (IOException e) {
      throw new InvalidViewException(what + " " + given + " cannot be found: there is none");
    }
    if (!Files.isDirectory(real)) {
      throw new InvalidViewException(what + " " + given + " is no folder");
    }
    return real;
  }

  private void mountWritable(Path folder, Path real) throws ErrnoException {
    Directory at = (Directory) root.inode();
    Path inside = folder.relativize(real);
    for (int i = 0; i < inside.getNameCount(); i++) {
      String name = HostNames.fromPath(inside.getName(i));
      Dentry child = at.find(name);
      if (child == null || !(child.inode() instanceof Directory next)) {
        throw new InvalidViewException("writable folder " + real + " is not in the view");
      }
      if (next instanceof WritableDirectory) {
        return;
      }
      if (i == inside.getNameCount() - 1) {
        HostAttributes host = view.attributes(real);
        if (host == null) {
          throw new InvalidViewException("writable folder " + real + " is gone");
        }
        WritableMount mount = new WritableMount(view, real);
        Dentry mounted = at.mount(name, new WritableDirectory(mount, host));
        mounts.add("host %s none rw,relatime,bind 0 0\n".formatted(mounted.path()));
        return;
      }
      at = next;
    }
  }

  private void makeDevices() throws ErrnoException {
    for (CharacterDevice.Kind kind : CharacterDevice.Kind.values()) {
      dev.add(kind.name().toLowerCase(Locale.ROOT), new CharacterDevice(devices, kind, random));
    }
    dev.add("kmsg", new KmsgDevice(devices, messages));
    dev.add("fd", MagicLink.toPath(devices, () -> "/proc/self/fd"));
    dev.add("stdin", MagicLink.toPath(devices, () -> "/proc/self/fd/0"));
    dev.add("stdout", MagicLink.toPath(devices, () -> "/proc/self/fd/1"));
    dev.add("stderr", MagicLink.toPath(devices, () -> "/proc/self/fd/2"));
    dev.add("pts", pts);
    dev.add("tty", terminals.controlling());
    dev.add("ptmx", terminals.multiplexer());
    Credentials superuser = Credentials.of(0, 0);
    int shmMode = FileMode.S_IFDIR | FileMode.S_ISVTX | 0777;
    long most = view.halfOfMemoryPages();
    Tmpfs shm = new Tmpfs(view, DeviceNumber.of(0, SHM_MINOR), most, caches().wordBytes());
    dev.add("shm", new OverlayDirectory(shm, shmMode, superuser));
    mount("dev", "devtmpfs", dev);
    dev.pinEntries();
  }

  /**
   * Puts a tree in place of what a name stands for in the root; /proc and /sys come this way.
   *
   * @param type the kind of file system, as /proc/mounts names it
   */
  public void mount(String name, String type, Directory tree) {
    Dentry mounted;
    try {
      mounted = ((Directory) root.inode()).mount(name, tree);
    } catch (ErrnoException e) {
      throw new IllegalStateException("no memory to mount /" + name, e);
    }
    mounts.add("%s %s %s rw,relatime 0 0\n".formatted(type, mounted.path(), type));
  }

  /** What {@code /proc/mounts} prints. */
  public String mountTable() {
    return String.join("", mounts);
  }

  /** The kernel's log, as programs read it. */
  public KernelMessages messages() {
    return messages;
  }

  /** The root of the tree. */
  public Dentry root() {
    return root;
  }

  /** {@code fget}: a call goes to sleep that uses the file, whoever closes it meanwhile. */
  public void fget(OpenFile file) {
    file.hold();
    heldByCalls.merge(file, 1, Integer::sum);
  }

  /** {@code fput}: undoes {@link #fget}. */
  public void fput(OpenFile file) {
    heldByCalls.computeIfPresent(file, (f, count) -> count == 1 ? null : count - 1);
    file.release();
  }

  long nowNanos() {
    return clockNanos.getAsLong();
  }

  LockCall.Blocked blockedLocks() {
    return blockedLocks;
  }

  Dcache dcache() {
    return dcache;
  }

  List<Inode> inodesWithoutDentry() {
    return view.withoutDentry();
  }

  /**
   * Recounts dentries and inodes, and tells of the objects that they and open files hold.
   *
   * @param files every open file there is, each once
   * @param places every process's root and working directory, and those of others
   */
  public void audit(Audit audit, Collection<OpenFile> files, Collection<FsStruct> places) {
    Set<OpenFile> all = new LinkedHashSet<>(files);
    all.addAll(heldByCalls.keySet());
    all.addAll(unix.filesInFlight());
    new VfsAudit(this, audit).run(all, places);
  }

  /** Where the descriptors of files come from. */
  VfsCaches caches() {
    return dcache.caches();
  }

  Dentry newPipe(Credentials owner) throws ErrnoException {
    return PipeInode.create(
        dcache, DeviceNumber.of(0, PIPEFS_MINOR), nextPipe++, owner, nowNanos());
  }

  /**
   * {@code anon_inode_getfile}: the entry of a file that is nothing but what it does.
   *
   * @param name such as {@code [eventfd]}
   */
  Dentry newAnonymous(String name) throws ErrnoException {
    anonInode.hold(dcache.caches());
    try {
      return Dentry.allocatePseudo(dcache, "anon_inode:" + name, anonInode);
    } catch (ErrnoException e) {
      anonInode.release(dcache.caches());
      throw e;
    }
  }

  /** The entry of a process's file, without a name. */
  Dentry newPidFd(PidFd.Target target) throws ErrnoException {
    return pidFs.entry(dcache, target, nowNanos());
  }

  /** The names and messages of sockets. */
  UnixDomain unix() {
    return unix;
  }

  /** The machine has the interface {@code lo} from now on. */
  public void addLoopback() {
    internet = new InternetDomain();
  }

  /** The ports of the machine; null: no interface at all. */
  @Nullable InternetDomain internet() {
    return internet;
  }

  Dentry newSocket(Credentials owner) throws ErrnoException {
    return SocketInode.create(
        dcache, DeviceNumber.of(0, SOCKFS_MINOR), nextSocket++, owner, nowNanos());
  }

  /**
   * {@code shmem_file_setup}: the file of memfd_create, by its nameless entry.
   *
   * @param flags {@code MFD_}; to seal execution is for a kernel to know that has MFD_EXEC
   * @param hugePageBytes the size of its pages, for MFD_HUGETLB; else 0
   * @param sealsExecution whether the kernel is one
   * @throws ErrnoException ENOMEM; ENOSPC if there is no memory for the inode
   */
  Dentry newMemfd(
      String name, int flags, long hugePageBytes, boolean sealsExecution, Credentials owner)
      throws ErrnoException {
    boolean noExec = (flags & Fcntl.MFD_NOEXEC_SEAL) != 0;
    int unsealed = (flags & Fcntl.MFD_ALLOW_SEALING) != 0 ? 0 : Fcntl.F_SEAL_SEAL;
    Seals seals = new Seals(noExec ? Fcntl.F_SEAL_EXEC : unsealed, sealsExecution);
    int mode = FileMode.S_IFREG | (noExec ? 0666 : 0777);
    Inode file;
    PageCache cache = view.pageCache();
    if (hugePageBytes > 0 && cache != null) {
      long dev = DeviceNumber.of(0, HUGETLBFS_MINOR);
      file = new HugetlbInode(cache, dev, memory.newIno(), mode, hugePageBytes, seals);
      file.born(owner, nowNanos());
    } else {
      file = new TmpfsFile(memory, mode, owner, seals);
    }
    file.beginNameless(false);
    file.hold(dcache.caches(), Errno.ENOSPC);
    try {
      Dentry entry = Dentry.allocatePseudo(dcache, "/memfd:" + name, file);
      entry.unlinked();
      return entry;
    } catch (ErrnoException e) {
      file.release(dcache.caches());
      throw e;
    }
  }

  /**
   * Installs descriptors 0, 1 and 2.
   *
   * @throws ErrnoException ENOMEM
   */
  public void installStandardStreams(FdTable fds, StandardStreams streams, Credentials owner)
      throws ErrnoException {
    WritableByteChannel screen =
        streams.outIsTerminal() ? streams.out() : streams.errIsTerminal() ? streams.err() : null;
    boolean anyTerminal =
        streams.inIsTerminal() || streams.outIsTerminal() || streams.errIsTerminal();
    Dentry tty = null;
    if (anyTerminal) {
      terminals.openHost(screen, streams.inIsTerminal(), owner);
      HostTerminal host = requireTerminal();
      host.tty().setSize(streams.rows(), streams.columns());
      var _ = dev.find("pts");
      tty = pts.find("0");
    }
    install(fds, 0, streams.inIsTerminal() ? tty : pipe(streams.in(), null, owner));
    install(fds, 1, streams.outIsTerminal() ? tty : pipe(null, streams.out(), owner));
    install(fds, 2, streams.errIsTerminal() ? tty : pipe(null, streams.err(), owner));
  }

  /** The terminal of the host; null if no standard stream is one. */
  public @Nullable HostTerminal terminal() {
    return terminals.host();
  }

  private HostTerminal requireTerminal() {
    return Objects.requireNonNull(terminals.host());
  }

  /** Tells terminals of the machine's processes. */
  public void setJobControl(JobControl jobs) {
    processes.set(jobs);
  }

  private Inode owned(Inode inode, Credentials owner) {
    inode.born(owner, nowNanos());
    return inode;
  }

  private Dentry pipe(
      @Nullable ReadableByteChannel in, @Nullable WritableByteChannel out, Credentials owner)
      throws ErrnoException {
    long ino = nextPipe++;
    Inode inode = owned(new Stream(DeviceNumber.of(0, PIPEFS_MINOR), ino, in, out), owner);
    inode.hold(dcache.caches());
    try {
      return Dentry.allocatePseudo(dcache, "pipe:[" + ino + "]", inode);
    } catch (ErrnoException e) {
      inode.release(dcache.caches());
      throw e;
    }
  }

  private void install(FdTable fds, int fd, @Nullable Dentry dentry) throws ErrnoException {
    if (dentry == null) {
      throw new IllegalStateException("a terminal without a terminal");
    }
    boolean isTerminal = (dentry.inode().mode() & FileMode.S_IFMT) == FileMode.S_IFCHR;
    int access =
        isTerminal ? Fcntl.O_RDWR | Fcntl.O_NOCTTY : fd == 0 ? Fcntl.O_RDONLY : Fcntl.O_WRONLY;
    dentry.hold();
    try {
      long filp = OpenFile.allocate(caches());
      OpenFile file = dentry.inode().open(dentry, access, Credentials.of(0, 0));
      file.adopt(filp);
      if (fds.installAt(fd, file, false) < 0) {
        throw new IllegalStateException("a new table has no room for a standard stream");
      }
    } finally {
      dentry.release();
    }
  }

  /** Fills a buffer from the seeded source behind /dev/urandom and getrandom(2). */
  public void random(byte[] buffer, int offset, int count) {
    random.fill(buffer, offset, count);
  }

  // ---- Reclaim ----

  /** Frees dentries and inodes when memory is short. */
  public SuperblockShrinker shrinker() {
    return shrinker;
  }

  /** {@code drop_slab}: frees all dentries and inodes that nobody uses. */
  public void dropSlab() {
    dcache.beginCall();
    long freed;
    do {
      freed = dcache.shrink(Long.MAX_VALUE);
      freed += view.shrinkInodes(caches(), Long.MAX_VALUE);
    } while (freed > 0);
  }

  /**
   * {@code /proc/sys/fs/dentry-state}: all dentries, the unused ones, and of these the negative.
   */
  public long[] dentryState() {
    return new long[] {dcache.dentries(), dcache.unused(), dcache.negative()};
  }

  /**
   * sync(2): brings what is in the page cache to the writable folders.
   *
   * @return 0, or the error of the last file that could not be written
   */
  public long sync() {
    return view.writeBack();
  }

  /** Closes the host's files. What the overlay holds is gone. */
  @Override
  public void close() {
    view.close();
  }
}
