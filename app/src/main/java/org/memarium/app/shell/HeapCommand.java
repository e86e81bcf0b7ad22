package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.Machine;
import org.memarium.kernel.process.Task;
import org.memarium.malloc.heap.Heap;
import org.memarium.malloc.heap.Heap.Arena;
import org.memarium.malloc.heap.Heap.Bin;
import org.memarium.malloc.heap.Heap.CacheBin;
import org.memarium.malloc.heap.Heap.Library;
import org.memarium.malloc.heap.Heap.MappedChunk;
import org.memarium.malloc.heap.Heap.Segment;
import org.memarium.malloc.heap.Heap.Tally;
import org.memarium.malloc.heap.Heap.ThreadCache;
import org.memarium.malloc.heap.HeapReader;

/** {@code heap}: what the C library of a program has made of its memory. */
final class HeapCommand {
  private static final int WIDTH = 96;

  private final Session session;
  private final Machine machine;
  private final Output out;

  HeapCommand(Session session) {
    this.session = session;
    this.machine = session.machine();
    this.out = session.out();
  }

  void addTo(Registry registry) {
    registry.add(
        "heap",
        "[PID]",
        Topic.PROGRAMS,
        "reads the heap of glibc's malloc: arenas, bins, thread caches, mmapped chunks",
        """
        Chunks are counted with their headers of 4 bytes; in a thread's cache and in fast bins lie
        chunks that were freed and look as if in use. It needs neither symbols nor the program's
        help, and changes nothing. What does not fit together is a line that begins with corrupt:.\
        """,
        this::heap);
  }

  private @Nullable Long heap(Arguments arguments) {
    Heap heap = HeapReader.read(machine, task(arguments));
    if (heap.library() == Library.GLIBC) {
      out.heading(
          "glibc, main_arena at %s%s"
              .formatted(
                  session.address(heap.mainArena()),
                  heap.version().isEmpty() ? "" : ": " + heap.version()));
      heap.arenas().forEach(this::arena);
      caches(heap.threadCaches());
      mapped(heap.mapped());
      out.line("");
      out.heading("sums");
    }
    for (String line : HeapSummary.of(heap)) {
      out.line("  " + (line.startsWith("corrupt: ") ? out.paint(Output.Style.ERROR, line) : line));
    }
    return heap.library() == Library.GLIBC ? Long.valueOf(heap.mainArena()) : null;
  }

  private Task task(Arguments arguments) {
    if (!arguments.has(0)) {
      return session.requireProcess();
    }
    long pid = arguments.number(0, "PID", 0, Integer.MAX_VALUE);
    Task task = machine.task((int) pid);
    if (task == null || task.mm() == null) {
      throw new ShellError("there is no process %d; ps lists them".formatted(pid));
    }
    return task;
  }

  // ---- Arenas ----

  private void arena(Arena arena) {
    out.line("");
    out.heading(
        "%-48s%10s%16s"
            .formatted(
                "%s, %s"
                    .formatted(
                        arena.isMain() ? "main_arena" : "arena " + session.address(arena.address()),
                        Output.count(arena.attachedThreads(), "thread")),
                "chunks",
                "bytes"));
    for (Segment segment : arena.segments()) {
      out.line(
          "  %s-%s"
              .formatted(
                  session.address(segment.start()),
                  session.address(segment.start() + segment.bytes())));
    }
    row("in use", arena.inUse());
    row("in caches of threads", arena.cached());
    row("in fast bins", arena.fast());
    row("in the other bins", arena.free());
    row(
        arena.top() == 0 ? "no top" : "top, at " + session.address(arena.top()),
        new Tally(arena.top() == 0 ? 0 : 1, arena.topBytes()));
    row("caches of threads themselves", arena.tables());
    row("alignment, gaps, malloc's structures", arena.otherBytes());
    if (arena.unwalkedBytes() != 0) {
      row("not read", arena.unwalkedBytes());
    }
    row("system_mem", arena.systemBytes());
    for (Bin bin : arena.bins()) {
      row(
          "  %s of %s"
              .formatted(
                  switch (bin.kind()) {
                    case FAST -> "fast bin " + bin.index();
                    case UNSORTED -> "unsorted bin";
                    case SMALL -> "small bin " + bin.index();
                    case LARGE -> "large bin " + bin.index();
                  },
                  sizes(bin)),
          bin.chunks());
    }
  }

  private static String sizes(Bin bin) {
    return bin.smallest() == bin.largest()
        ? number(bin.smallest())
        : number(bin.smallest()) + " to " + number(bin.largest());
  }

  private void row(String what, Tally tally) {
    out.format("  %-46s%10s%16s", what, number(tally.count()), number(tally.bytes()));
  }

  private void row(String what, long bytes) {
    out.format("  %-46s%10s%16s", what, "", number(bytes));
  }

  // ---- Threads and mappings ----

  private void caches(List<ThreadCache> caches) {
    if (caches.isEmpty()) {
      return;
    }
    out.line("");
    out.heading("caches of threads: chunks, by size");
    for (ThreadCache cache : caches) {
      Tally chunks = cache.chunks();
      row("thread %d, at %s".formatted(cache.thread(), session.address(cache.address())), chunks);
      List<String> words = new ArrayList<>();
      for (CacheBin bin : cache.bins()) {
        words.add("%s x %d".formatted(number(bin.chunkBytes()), bin.count()));
      }
      wrapped(words);
    }
  }

  private void wrapped(List<String> words) {
    StringBuilder line = new StringBuilder(" ".repeat(4));
    for (String word : words) {
      if (line.length() + word.length() > WIDTH) {
        out.line(line.toString());
        line = new StringBuilder(" ".repeat(4));
      }
      line.append(word).append("  ");
    }
    if (!words.isEmpty()) {
      out.line(line.toString());
    }
  }

  private void mapped(List<MappedChunk> chunks) {
    if (chunks.isEmpty()) {
      return;
    }
    out.line("");
    out.heading("mmapped chunks");
    for (MappedChunk chunk : chunks) {
      row(
          "%s, memory at %s"
              .formatted(session.address(chunk.start()), session.address(chunk.memory())),
          chunk.bytes());
    }
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
