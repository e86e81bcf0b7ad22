package org.memarium.mm.reclaim;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageAccessListener;
import org.memarium.mm.Audit;
import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.compaction.Migration;
import org.memarium.mm.compaction.MovablePages;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.MemoryManager;

/** What this package has for a machine: one of each, wired together. */
public final class Reclaim {
  private final PageAllocator allocator;
  private final Rmap rmap;
  private final MovablePages movablePages;
  private final Migration migration;
  private final Compaction compaction;
  private final Swappiness swappiness = new Swappiness();
  private final Shrinkers shrinkers;
  private final Vmscan vmscan;
  private final KswapdTask kswapd;
  private final PageIdentity identity;
  private @Nullable PageAccessListener accessListener;
  private @Nullable ReferenceRecorder recorder;

  /** For the memory of a machine, with Linux's two lists. */
  public Reclaim(MemoryManager memory) {
    this(memory, PolicyChoice.DEFAULT);
  }

  /**
   * For the memory of a machine, with the memory groups that it has by now.
   *
   * @param policy which pages go
   */
  public Reclaim(MemoryManager memory, PolicyChoice policy) {
    this(memory, policy, swappiness -> groups(memory.allocator(), swappiness));
  }

  private static MemoryGroups groups(PageAllocator allocator, Swappiness swappiness) {
    return allocator.groups().areOn()
        ? new LimitedGroups(allocator, swappiness)
        : new RootGroup(allocator.lru().root(), swappiness);
  }

  /**
   * For the memory of a machine.
   *
   * @param policy which pages go
   * @param groups makes what knows of memory groups; it is given {@code vm.swappiness}
   */
  public Reclaim(
      MemoryManager memory, PolicyChoice policy, Function<Swappiness, MemoryGroups> groups) {
    allocator = memory.allocator();
    MemMap memMap = memory.memMap();
    Lru lru = allocator.lru();
    rmap = new Rmap(memory);
    movablePages = new MovablePages(memMap);
    migration = new Migration(memory, rmap, movablePages);
    compaction = new Compaction(allocator, migration);
    allocator.slowPath().setCompactor(compaction);

    lru.workingset().setSwapSpace(group -> memory.swap().freePages());
    MemoryGroups memoryGroups = groups.apply(swappiness);
    NodeState node = new NodeState();
    ScanCount scanCount = new ScanCount(allocator, memory.swap(), memoryGroups);
    PageReferences references = new PageReferences(memMap, lru, rmap);
    TryToUnmap tryToUnmap = new TryToUnmap(memMap, rmap, memory.swap());
    Eviction eviction = new Eviction(memory, new ShrinkPages(memory, tryToUnmap, references, node));
    identity = new PageIdentity(memMap, memory.pageCache());
    PolicyParts parts =
        new PolicyParts(memory, rmap, scanCount, references, eviction, memoryGroups, identity);
    ReclaimPolicy chosen = policy.create(parts);
    lru.setObserver(chosen.observer());
    accessListener = chosen.accessListener();
    shrinkers = new Shrinkers(memory.vmStat());
    shrinkers.register(
        new ShadowShrinker(memory.pageCache().shadowNodes(), presentPages(allocator)));
    vmscan =
        new Vmscan(
            new ReclaimParts(
                allocator, node, memoryGroups, chosen, scanCount, shrinkers, compaction),
            eviction);
    kswapd = new KswapdTask(allocator, node, vmscan, scanCount);
    allocator
        .slowPath()
        .setReclaimer((gfpFlags, order) -> {
          kswapd.throttleDirectReclaim(gfpFlags);
          return vmscan.tryToFreePages(gfpFlags, order);
        });
    allocator
        .groups()
        .setReclaimer((group, pages, gfpFlags, maySwap, proactive) ->
            vmscan.tryToFreeMemCgroupPages(group.lruvec(), pages, gfpFlags, maySwap, proactive));
    allocator.slowPath().setKswapd(kswapd);
    memory.setPageOut(vmscan::reclaimPages);
  }

  /** {@code node_present_pages}. */
  private static long presentPages(PageAllocator allocator) {
    long pages = 0;
    for (Zone zone : allocator.zones()) {
      pages += zone.presentPages();
    }
    return pages;
  }

  /** From pages to the entries that map them. */
  public Rmap rmap() {
    return rmap;
  }

  /** Kernel pages that their owners can move. */
  public MovablePages movablePages() {
    return movablePages;
  }

  /** Moving pages to other frames. */
  public Migration migration() {
    return migration;
  }

  /** Making large free blocks. */
  public Compaction compaction() {
    return compaction;
  }

  /** {@code vm.swappiness}. */
  public Swappiness swappiness() {
    return swappiness;
  }

  /** The caches of kernel objects that can shrink. */
  public Shrinkers shrinkers() {
    return shrinkers;
  }

  /** The task that frees pages in the background. */
  public KswapdTask kswapd() {
    return kswapd;
  }

  /**
   * Who must be told of every access of the processor, in order; null if nobody need be, and then
   * the processor is an order of magnitude faster.
   */
  public @Nullable PageAccessListener accessListener() {
    return accessListener;
  }

  /**
   * Records the order in which pages are used from now on, for {@link PolicyChoice#optimum}; before
   * the first page is in use.
   *
   * @throws IOException if the file cannot be made
   */
  public void record(Path file) throws IOException {
    recorder = new ReferenceRecorder(file, identity, vmscan.policy());
    allocator.lru().setObserver(recorder);
    accessListener = recorder;
  }

  /**
   * Ends the recording, if there is one.
   *
   * @throws IOException if not all of it could be written
   */
  public void endRecording() throws IOException {
    if (recorder != null) {
      recorder.close();
    }
  }

  PageIdentity identity() {
    return identity;
  }

  /** The policy itself. */
  ReclaimPolicy chosenPolicy() {
    return vmscan.policy();
  }

  /** The name of the policy that chooses victims. */
  public String policy() {
    return vmscan.policy().name();
  }

  /**
   * {@code try_to_free_pages}, as an allocation of one page for a program would call it.
   *
   * @return how many pages were freed, usually 32 or a little more
   */
  public int tryToFreePages() {
    boolean before = allocator.slowPath().memallocNoreclaimSave();
    try {
      return vmscan.tryToFreePages(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    } finally {
      allocator.slowPath().memallocNoreclaimRestore(before);
    }
  }

  /**
   * {@code try_to_free_mem_cgroup_pages}: a group is at its limit, or was asked to shrink.
   *
   * @param pages how many are wanted; it frees in steps of 32
   * @param maySwap whether anonymous pages may go too
   * @param proactive whether {@code memory.reclaim} asks
   * @return how many were freed
   */
  public int tryToFreeMemCgroupPages(
      Lruvec target, long pages, int gfpFlags, boolean maySwap, boolean proactive) {
    return vmscan.tryToFreeMemCgroupPages(target, pages, gfpFlags, maySwap, proactive);
  }

  /**
   * Tells of the end of every reclaim, with how many pages it freed; for tests, which recount
   * everything then.
   */
  public void setAfterReclaim(IntConsumer listener) {
    vmscan.setAfterReclaim(listener);
  }

  /** Recounts every page's mappings from the page's side. */
  public void audit(Audit audit) {
    rmap.audit(audit);
  }
}
