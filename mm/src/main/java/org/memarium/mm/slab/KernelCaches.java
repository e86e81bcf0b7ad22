package org.memarium.mm.slab;

import static org.memarium.mm.slab.SlabFlags.ACCOUNT;
import static org.memarium.mm.slab.SlabFlags.HWCACHE_ALIGN;
import static org.memarium.mm.slab.SlabFlags.MEM_SPREAD;
import static org.memarium.mm.slab.SlabFlags.PANIC;
import static org.memarium.mm.slab.SlabFlags.RECLAIM_ACCOUNT;
import static org.memarium.mm.slab.SlabFlags.TYPESAFE_BY_RCU;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The caches that the kernel makes for its own structures at boot, in the order in which Debian's
 * 6.1 kernel makes them.
 *
 * <p>Sizes for 32 bits are those that {@code /proc/slabinfo} of that kernel shows, less what SLUB
 * adds. Sizes for 64 bits are {@code sizeof} on amd64 with a like configuration; caches whose size
 * there is not known are not made on such machines.
 *
 * <p>A descriptor takes a slot for its structure and gives it back:
 *
 * <pre>{@code
 * long slot = slab.kernelCaches().vmAreaStruct().alloc(Gfp.GFP_KERNEL);
 * }</pre>
 */
public final class KernelCaches {
  private static final int INODE = RECLAIM_ACCOUNT | MEM_SPREAD | ACCOUNT | PANIC;
  private static final int PROCESS = HWCACHE_ALIGN | PANIC | ACCOUNT;
  private static final int SOCKET = HWCACHE_ALIGN | ACCOUNT;
  private static final int LINES = HWCACHE_ALIGN | PANIC;
  private static final int MAPLE_ALIGN = 256;
  private static final int FPU_ALIGN = 64;
  private static final int NOT_KNOWN = 0;

  /** Whether a row's objects have a constructor, or are copied to and from user space. */
  private enum Kind {
    PLAIN,
    CONSTRUCTED,
    USERCOPY
  }

  /**
   * A cache.
   *
   * @param bytes of an object on i386
   * @param bytes64 of an object on x86_64, {@link #NOT_KNOWN}
   */
  private record Row(String name, int bytes, int bytes64, int align, int flags, Kind kind) {}

  private static Row plain(String name, int bytes, int bytes64, int flags) {
    return new Row(name, bytes, bytes64, 0, flags, Kind.PLAIN);
  }

  private static Row plain(String name, int bytes, int flags) {
    return plain(name, bytes, NOT_KNOWN, flags);
  }

  private static Row built(String name, int bytes, int bytes64, int flags) {
    return new Row(name, bytes, bytes64, 0, flags, Kind.CONSTRUCTED);
  }

  private static Row user(String name, int bytes, int bytes64, int flags) {
    return new Row(name, bytes, bytes64, 0, flags, Kind.USERCOPY);
  }

  private static final List<Row> ROWS =
      List.of(
          plain("vmap_area", 32, 64, PANIC),
          user("mm_struct", 576, 1400, PROCESS),
          plain("task_group", 384, 768, 0),
          built("radix_tree_node", 300, 576, PANIC | RECLAIM_ACCOUNT),
          new Row("maple_node", 256, 256, MAPLE_ALIGN, PANIC, Kind.PLAIN),
          plain("ftrace_event_field", 40, 56, PANIC),
          plain("trace_event_file", 56, 96, PANIC),
          plain("perf_event", 848, 1208, PANIC),
          plain("Acpi-State", 48, 80, 0),
          plain("pid", 64, 112, PROCESS),
          built("anon_vma", 52, 96, TYPESAFE_BY_RCU | PANIC | ACCOUNT),
          plain("anon_vma_chain", 32, 64, PANIC | ACCOUNT),
          plain("cred_jar", 128, 184, PROCESS),
          new Row("task_struct", 2944, 9728, FPU_ALIGN, PANIC | ACCOUNT, Kind.USERCOPY),
          built("sighand_cache", 1308, 2088, PROCESS | TYPESAFE_BY_RCU),
          plain("signal_cache", 736, 1128, PROCESS),
          plain("files_cache", 256, 704, PROCESS),
          plain("fs_cache", 36, 56, PROCESS),
          plain("vm_area_struct", 72, 152, PANIC | ACCOUNT),
          plain("nsproxy", 40, 72, PANIC | ACCOUNT),
          user("uts_namespace", 416, 432, PANIC | ACCOUNT),
          plain("key_jar", 160, 256, LINES),
          plain("lsm_file_cache", 16, 24, PANIC),
          built("iint_cache", 76, 120, PANIC),
          plain("net_namespace", 3264, NOT_KNOWN, LINES | ACCOUNT),
          user("names_cache", 4096, 4096, LINES),
          user("dentry", 128, 192, INODE),
          built("inode_cache", 412, 640, INODE),
          plain("filp", 160, 232, PROCESS),
          plain("mnt_cache", 192, 320, PROCESS),
          plain("kernfs_node_cache", 80, 128, PANIC),
          plain("kernfs_iattrs_cache", 64, 88, PANIC),
          built("shmem_inode_cache", 484, 760, PANIC | ACCOUNT),
          built("bdev_cache", 988, 1576, HWCACHE_ALIGN | INODE),
          plain("sigqueue", 48, 80, PANIC | ACCOUNT),
          built("proc_inode_cache", 452, 704, INODE),
          plain("pde_opener", 24, 40, PANIC | ACCOUNT),
          user("proc_dir_entry", 128, 192, PANIC),
          plain("taskstats", 416, 416, PANIC),
          plain("buffer_head", 60, 104, RECLAIM_ACCOUNT | PANIC | MEM_SPREAD),
          plain("fsnotify_mark_connector", 24, 32, PANIC),
          plain("file_lock_cache", 128, 216, PANIC),
          user("skbuff_head_cache", 192, 232, LINES),
          built("sock_inode_cache", 604, 832, HWCACHE_ALIGN | INODE),
          plain("uid_cache", 96, 136, LINES),
          plain("user_namespace", 416, 648, PANIC | ACCOUNT),
          plain("biovec-16", 192, 256, LINES),
          plain("biovec-64", 768, 1024, LINES),
          plain("biovec-128", 1536, 2048, LINES),
          plain("biovec-max", 3072, 4096, LINES),
          plain("bio-144", 144, HWCACHE_ALIGN | TYPESAFE_BY_RCU),
          plain("request_queue", 552, PANIC),
          plain("request_queue_srcu", 760, PANIC),
          plain("sgpool-16", 320, 512, LINES),
          plain("sgpool-32", 640, 1024, LINES),
          plain("sgpool-64", 1280, 2048, LINES),
          plain("sgpool-128", 2560, 4096, LINES),
          plain("eventpoll_epi", 64, 128, PROCESS),
          plain("eventpoll_pwq", 32, 64, PANIC | ACCOUNT),
          plain("ep_head", 8, 16, PANIC | ACCOUNT),
          plain("bio-188", 188, HWCACHE_ALIGN | TYPESAFE_BY_RCU),
          plain("dquot", 160, 256, LINES | RECLAIM_ACCOUNT | MEM_SPREAD),
          built("hugetlbfs_inode_cache", 420, 648, ACCOUNT),
          user("TCP", 1788, 2240, SOCKET | TYPESAFE_BY_RCU),
          plain("request_sock_TCP", 236, 296, ACCOUNT | TYPESAFE_BY_RCU),
          plain("tw_sock_TCP", 204, 240, ACCOUNT | TYPESAFE_BY_RCU),
          user("UDP", 892, 1152, SOCKET | TYPESAFE_BY_RCU),
          user("RAW", 768, 1024, SOCKET),
          plain("xfrm_state", 544, 768, LINES),
          plain("xfrm_dst_cache", 224, 320, LINES),
          plain("request_sock_subflow_v4", 292, ACCOUNT | TYPESAFE_BY_RCU),
          user("MPTCP", 1468, NOT_KNOWN, SOCKET | TYPESAFE_BY_RCU),
          plain("ip4-frags", 136, 208, 0),
          user("UNIX", 768, 1088, SOCKET),
          plain("posix_timers_cache", 168, 272, PANIC | ACCOUNT),
          plain("pid_namespace", 80, 128, PANIC | ACCOUNT),
          built("userfaultfd_ctx_cache", 92, 184, LINES),
          plain("kioctx", 448, 576, LINES),
          built("mqueue_inode_cache", 636, 952, HWCACHE_ALIGN | ACCOUNT),
          plain("bio-208", 208, HWCACHE_ALIGN | TYPESAFE_BY_RCU),
          user("TCPv6", 1884, 2432, SOCKET | TYPESAFE_BY_RCU),
          plain("request_sock_TCPv6", 236, NOT_KNOWN, ACCOUNT | TYPESAFE_BY_RCU),
          plain("tw_sock_TCPv6", 204, NOT_KNOWN, ACCOUNT | TYPESAFE_BY_RCU),
          user("UDPv6", 1020, 1344, SOCKET | TYPESAFE_BY_RCU),
          user("RAWv6", 896, 1216, SOCKET),
          plain("request_sock_subflow_v6", 292, ACCOUNT | TYPESAFE_BY_RCU),
          user("MPTCPv6", 1564, NOT_KNOWN, SOCKET | TYPESAFE_BY_RCU),
          plain("fscrypt_info", 96, 128, RECLAIM_ACCOUNT),
          plain("fsverity_info", 240, 264, RECLAIM_ACCOUNT | PANIC));

  private final Map<String, KmemCache> byName = new HashMap<>();

  KernelCaches(SlabAllocator allocator) {
    boolean wide = allocator.geometry().wordBytes() == Long.BYTES;
    for (Row row : ROWS) {
      int bytes = wide ? row.bytes64() : row.bytes();
      if (bytes != NOT_KNOWN) {
        byName.put(row.name(), create(allocator, row, bytes));
      }
    }
  }

  private static KmemCache create(SlabAllocator allocator, Row row, int bytes) {
    // The constructors of Linux clear a structure and set up what is never reset.
    Constructor constructor =
        row.kind() == Kind.CONSTRUCTED
            ? object -> allocator.slabMemory().fill(object, bytes, 0)
            : null;
    KmemCache cache =
        allocator.kmemCacheCreateUsercopy(
            row.name(),
            bytes,
            row.align(),
            row.flags(),
            0,
            row.kind() == Kind.USERCOPY ? bytes : 0,
            constructor);
    return Objects.requireNonNull(cache, row.name());
  }

  /**
   * The cache of this name; it may share its slabs with another's.
   *
   * @throws IllegalArgumentException if the kernel has none
   */
  public KmemCache get(String name) {
    KmemCache cache = byName.get(name);
    if (cache == null) {
      throw new IllegalArgumentException("the kernel has no cache " + name);
    }
    return cache;
  }

  /** {@code struct task_struct}. */
  public KmemCache taskStruct() {
    return get("task_struct");
  }

  /** {@code struct mm_struct}. */
  public KmemCache mmStruct() {
    return get("mm_struct");
  }

  /** {@code struct vm_area_struct}. */
  public KmemCache vmAreaStruct() {
    return get("vm_area_struct");
  }

  /** {@code struct anon_vma}; typesafe by RCU. */
  public KmemCache anonVma() {
    return get("anon_vma");
  }

  /** {@code struct anon_vma_chain}. */
  public KmemCache anonVmaChain() {
    return get("anon_vma_chain");
  }

  /** {@code struct files_struct}. */
  public KmemCache filesCache() {
    return get("files_cache");
  }

  /** {@code struct fs_struct}. */
  public KmemCache fsCache() {
    return get("fs_cache");
  }

  /** {@code struct file}. */
  public KmemCache filp() {
    return get("filp");
  }

  /** {@code struct dentry}. */
  public KmemCache dentry() {
    return get("dentry");
  }

  /** {@code struct inode} of file systems without one of their own. */
  public KmemCache inodeCache() {
    return get("inode_cache");
  }

  /** {@code struct proc_inode}. */
  public KmemCache procInodeCache() {
    return get("proc_inode_cache");
  }

  /** {@code struct shmem_inode_info}. */
  public KmemCache shmemInodeCache() {
    return get("shmem_inode_cache");
  }

  /** {@code struct socket_alloc}. */
  public KmemCache sockInodeCache() {
    return get("sock_inode_cache");
  }

  /** {@code struct pid}. */
  public KmemCache pid() {
    return get("pid");
  }

  /** {@code struct signal_struct}. */
  public KmemCache signalCache() {
    return get("signal_cache");
  }

  /** {@code struct sighand_struct}; typesafe by RCU. */
  public KmemCache sighandCache() {
    return get("sighand_cache");
  }

  /** {@code struct cred}. */
  public KmemCache credJar() {
    return get("cred_jar");
  }

  /** Path names, {@code PATH_MAX} bytes each. */
  public KmemCache namesCache() {
    return get("names_cache");
  }

  /** {@code struct sigqueue}. */
  public KmemCache sigqueue() {
    return get("sigqueue");
  }

  /** {@code struct k_itimer}. */
  public KmemCache posixTimers() {
    return get("posix_timers_cache");
  }

  /** {@code struct vmap_area}. */
  public KmemCache vmapArea() {
    return get("vmap_area");
  }

  /** {@code struct radix_tree_node}, which is {@code struct xa_node}. */
  public KmemCache radixTreeNode() {
    return get("radix_tree_node");
  }

  /** {@code struct maple_node}. */
  public KmemCache mapleNode() {
    return get("maple_node");
  }

  /** {@code struct buffer_head}. */
  public KmemCache bufferHead() {
    return get("buffer_head");
  }

  /** {@code struct mount}. */
  public KmemCache mntCache() {
    return get("mnt_cache");
  }
}
