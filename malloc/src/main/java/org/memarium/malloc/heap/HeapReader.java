package org.memarium.malloc.heap;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.Machine;
import org.memarium.kernel.process.Task;
import org.memarium.malloc.heap.Heap.Arena;
import org.memarium.malloc.heap.Heap.Bin;
import org.memarium.malloc.heap.Heap.Library;
import org.memarium.malloc.heap.Heap.MappedChunk;
import org.memarium.malloc.heap.Heap.Segment;
import org.memarium.malloc.heap.Heap.Tally;
import org.memarium.malloc.heap.Heap.ThreadCache;
import org.memarium.malloc.heap.Snapshot.Area;
import org.memarium.mm.space.MmStruct;

/**
 * Reads the heap of a program that stands still.
 *
 * <p>It reads what {@link GlibcLayout} describes: glibc 2.35 to 2.41 on i386, linked dynamically or
 * into the program, stripped or not; tried with 2.36. The program is not trusted: whatever it has
 * made of its heap, the answer comes, with lines {@code corrupt: ...} where it is due.
 */
public final class HeapReader {
  private static final int MAX_ARENAS = 4096;
  private static final Pattern BANNER =
      Pattern.compile("GNU C Library \\([^)\n]{1,80}\\)[^\n]{0,60}version [0-9.]{1,8}");

  private final Machine machine;
  private final Task task;
  private final MmStruct mm;
  private final Snapshot memory;
  private final KnownChunks chunks = new KnownChunks();
  private final Problems problems = new Problems();

  private HeapReader(Machine machine, Task task, MmStruct mm) {
    this.machine = machine;
    this.task = task;
    this.mm = mm;
    memory = new Snapshot(mm);
  }

  /**
   * Reads the heap of a thread's process; nothing of it changes.
   *
   * @param task a thread of it: it stands still, or is about to end
   * @throws IllegalArgumentException if it has no memory any more
   */
  public static Heap read(Machine machine, Task task) {
    MmStruct mm = task.mm();
    if (mm == null) {
      throw new IllegalArgumentException(task + " has no memory any more");
    }
    return new HeapReader(machine, task, mm).read();
  }

  private Heap read() {
    GlibcFinder finder = new GlibcFinder(memory);
    long main = finder.mainArena();
    long parameters = main == 0 ? 0 : finder.parameters(main);
    if (parameters == 0) {
      Library library = main == 0 && Mallocng.isIn(memory) ? Library.MUSL : Library.NONE;
      if (main != 0) {
        problems.add(
            "main_arena of a glibc lies at 0x%08x, and no mp_ as in glibc 2.35 to 2.41: not read"
                .formatted(main));
      }
      return heap(library, 0, List.of(), List.of(), List.of(), Tally.NONE);
    }
    Map<Long, ArenaWalk> walks = arenas(main, parameters);
    FreeLists lists = new FreeLists(memory, chunks, problems);
    List<ThreadCache> caches = caches(finder, lists);
    Map<Long, List<Bin>> bins = new LinkedHashMap<>();
    for (Long arena : walks.keySet()) {
      bins.put(arena, lists.bins(arena));
    }
    List<Arena> arenas = new ArrayList<>();
    walks.forEach((arena, walk) -> arenas.add(walk.walk(bins.getOrDefault(arena, List.of()))));
    List<MappedChunk> mapped = new MappedChunkSearch(memory, heapsOf(arenas)).find();
    Tally counted =
        new Tally(
            memory.word(parameters + GlibcLayout.N_MMAPS),
            memory.word(parameters + GlibcLayout.MMAPPED_MEM));
    Heap heap = heap(Library.GLIBC, main, arenas, caches, mapped, counted);
    if (!heap.mappedChunks().equals(counted)) {
      problems.corrupt(
          "mp_ counts %,d mmapped chunks of %,d bytes, and %,d of %,d were found, unless the program"
              + " is about to change that",
          counted.count(),
          counted.bytes(),
          heap.mappedChunks().count(),
          heap.mappedChunks().bytes());
      heap = heap(Library.GLIBC, main, arenas, caches, mapped, counted);
    }
    return heap;
  }

  private Heap heap(
      Library library,
      long mainArena,
      List<Arena> arenas,
      List<ThreadCache> caches,
      List<MappedChunk> mapped,
      Tally counted) {
    return new Heap(
        library,
        library == Library.GLIBC ? version() : "",
        mm.heap().currentBrk() - mm.heap().startBrk(),
        anonymousBytes(),
        mainArena,
        List.copyOf(arenas),
        List.copyOf(caches),
        mapped,
        counted,
        problems.lines());
  }

  /** All arenas: they form a ring. */
  private Map<Long, ArenaWalk> arenas(long main, long parameters) {
    Map<Long, ArenaWalk> walks = new LinkedHashMap<>();
    long base = memory.word(parameters + GlibcLayout.SBRK_BASE);
    walks.put(main, new ArenaWalk(memory, chunks, problems, main, true, base));
    long arena = memory.word(main + GlibcLayout.NEXT);
    while (arena != main) {
      if (arena % GlibcLayout.HEAP_MAX != GlibcLayout.HEAP_INFO_BYTES
          || memory.word(arena - GlibcLayout.HEAP_INFO_BYTES) != arena
          || walks.containsKey(arena)
          || walks.size() > MAX_ARENAS) {
        problems.corrupt("the ring of arenas leads to 0x%08x, where none can be", arena);
        break;
      }
      walks.put(arena, new ArenaWalk(memory, chunks, problems, arena, false, 0));
      arena = memory.word(arena + GlibcLayout.NEXT);
    }
    return walks;
  }

  private static List<Segment> heapsOf(List<Arena> arenas) {
    List<Segment> heaps = new ArrayList<>();
    for (Arena arena : arenas) {
      heaps.addAll(arena.segments());
    }
    return heaps;
  }

  // ---- Threads ----

  private List<ThreadCache> caches(GlibcFinder finder, FreeLists lists) {
    List<ThreadCache> caches = new ArrayList<>();
    List<Task> threads = new ArrayList<>(task.process().threads());
    if (!threads.contains(task)) {
      threads.add(task);
    }
    for (Task thread : threads) {
      long table = 0;
      for (long pointer : threadPointers(thread)) {
        table = table == 0 ? finder.threadCache(pointer, chunks) : table;
      }
      if (table != 0 && chunks.note(table - GlibcLayout.MEMORY, KnownChunks.Kind.TABLE)) {
        caches.add(lists.cache(thread.pid(), table));
      }
    }
    return caches;
  }

  /** Where a thread's segments of thread-local storage may start. */
  private List<Long> threadPointers(Task thread) {
    boolean isOnCpu = thread.equals(machine.running()) || (thread.equals(task) && task.isEnded());
    if (isOnCpu) {
      return List.of(machine.cpu().segmentation().base(Segmentation.GS));
    }
    List<Long> bases = new ArrayList<>();
    for (long descriptor : thread.context().tlsDescriptors()) {
      if (descriptor != 0) {
        bases.add(((descriptor >>> 16) & 0xff_ffff) | (descriptor >>> 56 << 24));
      }
    }
    return bases;
  }

  // ---- The rest ----

  private long anonymousBytes() {
    long sum = 0;
    long brkEnd = mm.heap().currentBrk() + Ram.PAGE_SIZE - 1 & -Ram.PAGE_SIZE;
    for (Area area : memory.areas()) {
      if (area.isPrivateData() && area.isAnonymous() && !area.contains(mm.parts().startStack())) {
        // The brk area may be one with the bss below it.
        long inBrk = Math.min(area.end(), brkEnd) - Math.max(area.start(), mm.heap().startBrk());
        sum += area.end() - area.start() - Math.max(0, inBrk);
      }
    }
    return sum;
  }

  /** The banner of the C library, where its page happens to be there. */
  private String version() {
    for (Area area : memory.areas()) {
      String name = area.file().substring(area.file().lastIndexOf('/') + 1);
      if (!name.startsWith("libc.so") || area.isPrivateData()) {
        continue;
      }
      for (long page = area.start(); page < area.end(); page += Ram.PAGE_SIZE) {
        byte[] bytes = new byte[Ram.PAGE_SIZE];
        if (mm.accessRemote(page, bytes) == bytes.length) {
          Matcher banner = BANNER.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
          if (banner.find()) {
            return banner.group();
          }
        }
      }
    }
    return "";
  }
}
