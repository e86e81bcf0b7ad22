package org.memarium.mm.frame;

/**
 * {@code struct slab}, which overlays {@code struct page} (Linux 6.1 {@code mm/slab.h}): the same
 * eight ints of mem_map, while the frames belong to a slab or to a large kmalloc.
 *
 * <pre>
 *             0       1          2       3          4      5        6            7
 *           +-------+----------+-------+----------+------+--------+------------+----------+
 *   first   | flags | refCount |   0   | freelist | next | prev / | slab_cache | counters |
 *   frame   | +SLAB |    1     |       |          |      | slabs  |            |          |
 *           +-------+----------+-------+----------+------+--------+------------+----------+
 *   others  | +TAIL |    0     |   0   |    0     | head |        | slab_cache |    0     |
 *           +-------+----------+-------+----------+------+--------+------------+----------+
 *   freelist    the first free object: bytes from the start of the slab, -1 if there is none
 *   next, prev  links of the node's partial or full list; on a CPU's partial list next, and slabs:
 *               how many slabs there are from this one on
 *   slab_cache  number of the cache, 1 and up; -1 for a large kmalloc, which uses nothing else here
 *
 *   counters     31       30                 16 15                  0
 *              +--------+----------------------+---------------------+
 *              | frozen |  objects             |  inuse              |
 *              +--------+----------------------+---------------------+
 *   inuse    objects that are not on the slab's own free list
 *   objects  how many the slab has room for
 *   frozen   belongs to a CPU: on no list of the node
 * </pre>
 *
 * <p>The frames behind the first one, tails of a compound page, name their cache too, so that the
 * cache of an object is found with one look.
 */
public final class StructSlab {
  /** No slab, no free object. */
  public static final int NONE = -1;

  /** {@code slab_cache} of a block that kmalloc took from the page allocator. */
  public static final int LARGE_KMALLOC = -1;

  /** Index of {@code freelist}, behind {@link #at}. */
  public static final int FREELIST = MemMap.PRIVATE;

  /** Index of {@code slab_cache}, behind {@link #at}. */
  public static final int SLAB_CACHE = MemMap.MAPPING;

  /** Index of the counters, behind {@link #at}. */
  public static final int COUNTERS = MemMap.INDEX;

  /** The bit of {@code frozen} in the counters. */
  public static final int FROZEN = 1 << 31;

  private static final int OBJECTS_SHIFT = 16;
  private static final int OBJECTS_MASK = 0x7fff;
  private static final int INUSE_MASK = 0xffff;

  private final MemMap memMap;

  /** The view of this mem_map. */
  public StructSlab(MemMap memMap) {
    this.memMap = memMap;
  }

  /** The counters of a slab. */
  public static int counters(int objects, int inuse, boolean frozen) {
    return (frozen ? FROZEN : 0) | objects << OBJECTS_SHIFT | inuse;
  }

  /** {@code objects} of the counters. */
  public static int objectsOf(int counters) {
    return counters >>> OBJECTS_SHIFT & OBJECTS_MASK;
  }

  /** {@code inuse} of the counters. */
  public static int inuseOf(int counters) {
    return counters & INUSE_MASK;
  }

  /**
   * Makes a block that was just handed out a slab, or a large kmalloc.
   *
   * @param pfn its first frame
   * @param cache number of the cache, or {@link #LARGE_KMALLOC}
   */
  public void become(int pfn, int pages, int cache) {
    if (cache != LARGE_KMALLOC) {
      memMap.setFlags(pfn, PageFlags.SLAB);
    }
    memMap.setMapping(pfn, cache, 0);
    for (int tail = pfn + 1; tail < pfn + pages; tail++) {
      memMap.setMapping(tail, cache, 0);
    }
  }

  /** Makes it an ordinary block again, which may be freed. */
  public void cease(int pfn, int pages) {
    memMap.clearFlags(pfn, PageFlags.SLAB);
    memMap.setPagePrivate(pfn, 0);
    for (int frame = pfn; frame < pfn + pages; frame++) {
      memMap.setMapping(frame, 0, 0);
    }
  }

  /**
   * {@code virt_to_slab}: the first frame of the slab, or of the large kmalloc, that a frame is
   * part of.
   *
   * @param pfn any frame below {@link MemMap#frames}
   * @return {@link #NONE} if it is part of neither
   */
  public int head(int pfn) {
    int head = memMap.compoundHead(pfn);
    int cache = memMap.mapping(head);
    return cache != 0 && isHead(head, cache) ? head : NONE;
  }

  private boolean isHead(int pfn, int cache) {
    return memMap.testFlags(pfn, PageFlags.SLAB)
        || (cache == LARGE_KMALLOC && memMap.isAllocated(pfn));
  }

  /**
   * The ints that hold a frame's, for paths that look at several: {@link #FREELIST}, {@link
   * #SLAB_CACHE} and {@link #COUNTERS} stand behind {@link #at}.
   */
  public int[] ints(int pfn) {
    return memMap.section(pfn);
  }

  /** Where in {@link #ints} a frame's begin. */
  public static int at(int pfn) {
    return MemMap.at(pfn, 0);
  }

  /** {@code slab_cache} of a frame for which {@link #head} found a slab. */
  public int slabCache(int pfn) {
    return memMap.mapping(pfn);
  }

  /**
   * {@code PageSlab}: whether a slab begins with the frame.
   *
   * @param page {@link #ints} of the frame
   * @param at where in them its own begin
   */
  public static boolean isSlab(int[] page, int at) {
    return (page[at + MemMap.FLAGS] & PageFlags.SLAB) != 0;
  }

  /** {@code PageSlab} of the first frame. */
  public boolean isSlab(int pfn) {
    return memMap.testFlags(pfn, PageFlags.SLAB);
  }

  /** {@code slab->freelist}: bytes from the start of the slab, or {@link #NONE}. */
  public int freelist(int slab) {
    return memMap.pagePrivate(slab);
  }

  /** Sets {@code slab->freelist}. */
  public void setFreelist(int slab, int offset) {
    memMap.setPagePrivate(slab, offset);
  }

  /** {@code slab->counters}. */
  public int counters(int slab) {
    return memMap.index(slab);
  }

  /** Sets {@code slab->counters}. */
  public void setCounters(int slab, int counters) {
    memMap.section(slab)[MemMap.at(slab, MemMap.INDEX)] = counters;
  }

  /** {@code slab->objects}. */
  public int objects(int slab) {
    return objectsOf(counters(slab));
  }

  /** {@code slab->inuse}. */
  public int inuse(int slab) {
    return inuseOf(counters(slab));
  }

  /** {@code slab->frozen}. */
  public boolean isFrozen(int slab) {
    return counters(slab) < 0;
  }

  /** The next slab of its list; {@link #NONE} at the end. */
  public int next(int slab) {
    return memMap.next(slab);
  }

  /** Sets the link forwards. */
  public void setNext(int slab, int next) {
    memMap.section(slab)[MemMap.at(slab, MemMap.NEXT)] = next;
  }

  /** The slab before it on its list; {@link #NONE} at the head. */
  public int prev(int slab) {
    return memMap.prev(slab);
  }

  /** Sets the link backwards. */
  public void setPrev(int slab, int prev) {
    memMap.section(slab)[MemMap.at(slab, MemMap.PREV)] = prev;
  }

  /** {@code slab->slabs}: on a CPU's partial list, how many slabs there are from this one on. */
  public int slabs(int slab) {
    return memMap.prev(slab);
  }

  /** Sets {@code slab->slabs}. */
  public void setSlabs(int slab, int slabs) {
    setPrev(slab, slabs);
  }

  /** Order of the slab's block. */
  public int order(int slab) {
    return memMap.order(slab);
  }
}
