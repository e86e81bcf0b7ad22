package org.memarium.mm;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * A recount of everything from scratch.
 *
 * <p>Each room says what it knows: it {@linkplain #claim claims} the frames that it owns, tells how
 * many {@linkplain #expectReference references} and {@linkplain #expectMapping mappings} it holds,
 * and {@linkplain #difference reports} what disagrees within its own walls. The owner of mem_map
 * comes last: it compares claims and counts with its arrays. Then {@link #finish} throws if
 * anything was found, with all of it.
 */
public final class Audit {
  /** What frames are used for, as far as {@code /proc/meminfo} tells them apart. */
  public enum Use {
    /** Nothing that has a line of its own. */
    OTHER,
    /** A free block of the buddy allocator. */
    FREE,
    /** Free too, on a per-CPU list. */
    FREE_PER_CPU,
    /** A table of page tables, but for the top one. */
    PAGE_TABLE,
    /** Anonymous memory of programs. */
    ANON,
    /** The page cache of files. */
    FILE,
    /** The page cache of shared memory. */
    SHMEM,
    /** A slab whose cache can shrink. */
    SLAB_RECLAIMABLE,
    /** Another slab, or a large block of kmalloc. */
    SLAB_UNRECLAIMABLE,
    /** A page that vmalloc allocated. */
    VMALLOC,
    /** A process's stack in the kernel. */
    KERNEL_STACK
  }

  private static final int MAX_LINES = 200;

  /** By cache, which is whatever object stands for it; never listed. */
  private final IdentityHashMap<Object, Long> objects = new IdentityHashMap<>();

  private final int[] owners;
  private final int[] references;
  private final int[] mappings;
  private final List<String> ownerNames = new ArrayList<>();

  /** What each owner, by its number, uses its frames for. */
  private final List<Use> ownerUses = new ArrayList<>();

  private final List<String> differences = new ArrayList<>();
  private int suppressed;

  /**
   * An audit that has found nothing yet.
   *
   * @param frames how many frames there are; pfns are below this
   */
  public Audit(int frames) {
    owners = new int[frames];
    references = new int[frames];
    mappings = new int[frames];
    ownerNames.add("nobody");
    ownerUses.add(Use.OTHER);
  }

  /** How many frames there are. */
  public int frames() {
    return owners.length;
  }

  /** Claims one frame; a frame that is claimed twice is a difference. */
  public void claim(int pfn, String owner) {
    claim(pfn, 1, owner);
  }

  /** Claims {@code pages} frames from {@code pfn}. */
  public void claim(int pfn, int pages, String owner) {
    claim(pfn, pages, owner, Use.OTHER);
  }

  /** Claims {@code pages} frames from {@code pfn}, and says what for. */
  public void claim(int pfn, int pages, String owner, Use use) {
    if (pfn < 0 || pages > owners.length - pfn) {
      difference("%s claims frames 0x%x to 0x%x, beyond RAM".formatted(owner, pfn, pfn + pages));
      return;
    }
    if (!ownerNames.getLast().equals(owner) || ownerUses.getLast() != use) {
      ownerNames.add(owner);
      ownerUses.add(use);
    }
    int number = ownerNames.size() - 1;
    for (int i = pfn; i < pfn + pages; i++) {
      if (owners[i] != 0) {
        difference(
            "frame 0x%x has two owners: %s, and %s".formatted(i, ownerNames.get(owners[i]), owner));
      }
      owners[i] = number;
    }
  }

  /** Says that somebody holds a reference to the frame. */
  public void expectReference(int pfn) {
    references[pfn]++;
  }

  /** Says that a page-table entry maps the frame: it adds to the map count, not the reference. */
  public void expectMapping(int pfn) {
    mappings[pfn]++;
  }

  /**
   * Says that somebody holds so many objects of a slab cache. Of a cache of which anybody says so,
   * the objects in use must be those that were told.
   */
  public void expectObjects(Object cache, long count) {
    objects.merge(cache, count, Long::sum);
  }

  /** How many objects of a cache were told; -1 if nobody spoke of it. */
  public long expectedObjects(Object cache) {
    return objects.getOrDefault(cache, -1L);
  }

  /** Who claimed the frame; "nobody" if no one did. */
  public String owner(int pfn) {
    return ownerNames.get(owners[pfn]);
  }

  /** What the frame is used for, as its owner says. */
  public Use use(int pfn) {
    return ownerUses.get(owners[pfn]);
  }

  /** Whether somebody claimed the frame. */
  public boolean isClaimed(int pfn) {
    return owners[pfn] != 0;
  }

  /** How many references to the frame were told. */
  public int expectedReferences(int pfn) {
    return references[pfn];
  }

  /** How many mappings of the frame were told. */
  public int expectedMappings(int pfn) {
    return mappings[pfn];
  }

  /** Reports something that disagrees, in one line. */
  public void difference(String line) {
    if (differences.size() < MAX_LINES) {
      differences.add(line);
    } else {
      suppressed++;
    }
  }

  /** Reports a difference unless a counter equals its recount. */
  public void expectEqual(String what, long counter, long recount) {
    if (counter != recount) {
      difference("%s is %,d, and a recount gives %,d".formatted(what, counter, recount));
    }
  }

  /** What was found so far. */
  public List<String> differences() {
    return List.copyOf(differences);
  }

  /**
   * Ends the audit.
   *
   * @throws IllegalStateException if anything disagreed: the message has a line for each
   */
  public void finish() {
    if (!differences.isEmpty()) {
      throw new IllegalStateException(
          "audit: "
              + (differences.size() + suppressed)
              + " differences\n  "
              + String.join("\n  ", differences)
              + (suppressed > 0 ? "\n  and " + suppressed + " more" : ""));
    }
  }
}
