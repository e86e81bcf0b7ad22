package org.memarium.mm.frame;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * {@code mem_map[]}, the array of {@code struct page}: what is known of each page frame.
 *
 * <p>It is primitive ints, eight for a frame:
 *
 * <pre>
 *    0        1          2          3         4        5        6         7
 *   +--------+----------+----------+---------+--------+--------+---------+--------+
 *   | flags  | refCount | mapCount | private |  next  |  prev  | mapping | index  |
 *   +--------+----------+----------+---------+--------+--------+---------+--------+
 *   flags     see {@link PageFlags}
 *   refCount  who holds the frame: page tables that map it, the page cache, the kernel; 0: free
 *   mapCount  how many page-table entries map it
 *   private   for whoever owns the frame
 *   next,prev links of the list that the frame is on, -1 at the ends; in the tails of a compound
 *             page, next is its first frame (Linux: compound_head)
 *   mapping   number of the file (address_space) whose page this is; of an anonymous page, of its
 *             anon_vma; 0 for none
 *   index     which page of that file; for an anonymous page, its linear page number
 * </pre>
 *
 * <p><b>Sections.</b> The ints lie in sections of 1,024 frames. A section that is nothing but free
 * blocks of the highest order, or nothing but reserved or missing frames, has no ints of its own:
 * it is one of a few shared templates, until the first of its frames is handed out. So a machine
 * with 64 GiB boots without filling 512 MiB. (Linux initialises late too, with {@code
 * CONFIG_DEFERRED_STRUCT_PAGE_INIT}.) A template is one int longer than a section, so that a write
 * can tell it: to write there is to touch a frame that was never handed out, and throws.
 */
public final class MemMap {
  static final int SECTION_SHIFT = 10;
  static final int SECTION_FRAMES = 1 << SECTION_SHIFT;
  private static final int SECTION_MASK = SECTION_FRAMES - 1;
  private static final int PAGE_INTS_SHIFT = 3;
  private static final int SECTION_INTS = SECTION_FRAMES << PAGE_INTS_SHIFT;

  static final int FLAGS = 0;
  private static final int REF_COUNT = 1;
  private static final int MAP_COUNT = 2;
  static final int PRIVATE = 3;
  static final int NEXT = 4;
  static final int PREV = 5;
  static final int MAPPING = 6;
  static final int INDEX = 7;

  private static final int NONE = -1;

  private final int[][] sections;
  private final int frames;
  private @Nullable FrameHistory history;

  /** {@code memcg_data}: by frame, the number of the memory group; null while there are none. */
  private byte @Nullable [] groups;

  /**
   * All frames missing: reserved, in zone 0.
   *
   * @param frames {@code max_pfn}
   */
  MemMap(int frames) {
    this.frames = frames;
    this.sections = new int[(frames + SECTION_FRAMES - 1) >>> SECTION_SHIFT][];
    Arrays.fill(sections, template(PageFlags.RESERVED, PageFlags.RESERVED, SECTION_FRAMES));
  }

  /** {@code max_pfn}: valid frame numbers are 0 to this - 1. */
  public int frames() {
    return frames;
  }

  // ---- Flags ----

  /** All flags of a frame: see {@link PageFlags}. */
  public int flags(int pfn) {
    return get(pfn, FLAGS);
  }

  /** The same, but 0 for what is no frame number. */
  int flagsOrNone(int pfn) {
    int number = pfn >>> SECTION_SHIFT;
    // Behind the last frame of the last section stand entries of missing frames.
    return number < sections.length ? sections[number][at(pfn, FLAGS)] : 0;
  }

  /** Whether any of these flags is set. */
  public boolean testFlags(int pfn, int mask) {
    return (get(pfn, FLAGS) & mask) != 0;
  }

  /** Sets flags. */
  public void setFlags(int pfn, int mask) {
    int[] section = writable(pfn);
    section[at(pfn, FLAGS)] |= mask;
  }

  /** Clears flags. */
  public void clearFlags(int pfn, int mask) {
    int[] section = writable(pfn);
    section[at(pfn, FLAGS)] &= ~mask;
  }

  /** {@code PageDirty}. */
  public boolean isPageDirty(int pfn) {
    return testFlags(pfn, PageFlags.DIRTY);
  }

  /** {@code SetPageDirty}. */
  public void setPageDirty(int pfn) {
    setFlags(pfn, PageFlags.DIRTY);
  }

  /** {@code ClearPageDirty}. */
  public void clearPageDirty(int pfn) {
    clearFlags(pfn, PageFlags.DIRTY);
  }

  /** {@code PageUptodate}. */
  public boolean isPageUptodate(int pfn) {
    return testFlags(pfn, PageFlags.UPTODATE);
  }

  /** {@code SetPageUptodate}. */
  public void setPageUptodate(int pfn) {
    setFlags(pfn, PageFlags.UPTODATE);
  }

  /** {@code ClearPageUptodate}. */
  public void clearPageUptodate(int pfn) {
    clearFlags(pfn, PageFlags.UPTODATE);
  }

  /** {@code PageReserved}: never handed out; the kernel's image, mem_map, missing RAM. */
  public boolean isPageReserved(int pfn) {
    return testFlags(pfn, PageFlags.RESERVED);
  }

  /** {@code PageAnon}. */
  public boolean isPageAnon(int pfn) {
    return testFlags(pfn, PageFlags.ANON);
  }

  /** {@code PageBuddy}: the first frame of a free block. */
  public boolean isPageBuddy(int pfn) {
    return testFlags(pfn, PageFlags.BUDDY);
  }

  /** Whether the frame is the first of a block that was handed out and not yet freed. */
  public boolean isAllocated(int pfn) {
    return testFlags(pfn, PageFlags.ALLOCATED);
  }

  /** Order of the block that begins with this frame, free or handed out; 0 inside a block. */
  public int order(int pfn) {
    return PageFlags.order(get(pfn, FLAGS));
  }

  /** {@code page_zonenum}: index of the frame's zone. */
  public int zoneIndex(int pfn) {
    return PageFlags.zone(get(pfn, FLAGS));
  }

  // ---- Counts ----

  /** {@code page_count}: who holds the frame; 0 if it is free. */
  public int pageCount(int pfn) {
    return get(pfn, REF_COUNT);
  }

  /**
   * {@code get_page}: one more reference; to a compound page, if the frame is part of one.
   *
   * @throws IllegalStateException if nobody has the frame
   */
  public void getPage(int pfn) {
    int head = compoundHead(pfn);
    int[] section = writable(head);
    int at = at(head, REF_COUNT);
    if (section[at] <= 0) {
      throw wrong("get_page of a frame that nobody has", pfn);
    }
    section[at]++;
  }

  /** {@code page_mapcount}: how many page-table entries map the frame. */
  public int pageMapcount(int pfn) {
    return get(pfn, MAP_COUNT);
  }

  /**
   * One more page-table entry maps the frame.
   *
   * @return the new count
   */
  public int incrementMapcount(int pfn) {
    int[] section = writable(pfn);
    return ++section[at(pfn, MAP_COUNT)];
  }

  /**
   * {@code page_dup_rmap}: the page-table entry of a forked process maps the frame too. It has a
   * reference of its own, and an anonymous page is no longer exclusive.
   *
   * @return the flags before
   * @throws IllegalStateException if nothing maps the frame
   */
  public int dupRmap(int pfn) {
    int[] section = writable(pfn);
    int at = at(pfn, FLAGS);
    int flags = section[at];
    if (section[at + REF_COUNT] <= 0 || section[at + MAP_COUNT] <= 0) {
      throw wrong("fork of an entry for a frame that nothing maps", pfn);
    }
    section[at] = flags & ~PageFlags.ANON_EXCLUSIVE;
    section[at + REF_COUNT]++;
    section[at + MAP_COUNT]++;
    return flags;
  }

  /**
   * One page-table entry less maps the frame.
   *
   * @return the new count
   * @throws IllegalStateException if none did
   */
  public int decrementMapcount(int pfn) {
    int[] section = writable(pfn);
    int at = at(pfn, MAP_COUNT);
    if (section[at] <= 0) {
      throw wrong("unmapping a frame that nothing maps", pfn);
    }
    return --section[at];
  }

  /**
   * {@code page_remove_rmap} and {@code put_page} at once, of a frame that other page-table entries
   * map too and that others hold too.
   *
   * @return its flags; 0 if it is not so, and then nothing has changed
   */
  public int dropRmapIfShared(int pfn) {
    int[] section = sections[pfn >>> SECTION_SHIFT];
    int at = at(pfn, FLAGS);
    if (section[at + REF_COUNT] <= 1 || section[at + MAP_COUNT] <= 1) {
      return 0;
    }
    section[at + REF_COUNT]--;
    section[at + MAP_COUNT]--;
    return section[at];
  }

  // ---- The owner's own ----

  /** {@code page_private}. */
  public int pagePrivate(int pfn) {
    return get(pfn, PRIVATE);
  }

  /** {@code set_page_private}. */
  public void setPagePrivate(int pfn, int value) {
    int[] section = writable(pfn);
    section[at(pfn, PRIVATE)] = value;
  }

  /** {@code page->mapping}: number of the file, or of the anon_vma; 0 for none. */
  public int mapping(int pfn) {
    return get(pfn, MAPPING);
  }

  /** {@code page->index}: page number within the file, unsigned. */
  public int index(int pfn) {
    return get(pfn, INDEX);
  }

  /** Makes the frame page {@code index} of file {@code mapping}; 0 and 0 undo it. */
  public void setMapping(int pfn, int mapping, int index) {
    int[] section = writable(pfn);
    int at = at(pfn, MAPPING);
    section[at] = mapping;
    section[at + 1] = index;
  }

  // ---- Memory groups ----

  /** {@code folio_memcg}: number of the memory group that a page is charged to; 0 is the root. */
  public int group(int pfn) {
    return groups == null ? 0 : groups[pfn] & 0xff;
  }

  /** Charges a page, which is on no list, to a memory group; 0 to none but the root. */
  public void setGroup(int pfn, int group) {
    if (groups != null) {
      groups[pfn] = (byte) group;
    } else if (group != 0) {
      throw new IllegalStateException("there are no memory groups");
    }
  }

  /** From now on pages may belong to groups. */
  void enableGroups() {
    if (groups == null) {
      groups = new byte[frames];
    }
  }

  // ---- Links, for lists of this package ----

  int next(int pfn) {
    return get(pfn, NEXT);
  }

  int prev(int pfn) {
    return get(pfn, PREV);
  }

  // ---- Compound pages ----

  /** {@code PageHead}: the first frame of a compound page. */
  public boolean isPageHead(int pfn) {
    return testFlags(pfn, PageFlags.HEAD);
  }

  /** {@code PageTail}: a frame of a compound page that is not its first. */
  public boolean isPageTail(int pfn) {
    return testFlags(pfn, PageFlags.TAIL);
  }

  /** {@code compound_head}: the first frame of the compound page, or the frame itself. */
  public int compoundHead(int pfn) {
    int[] section = sections[pfn >>> SECTION_SHIFT];
    int at = at(pfn, FLAGS);
    return (section[at] & PageFlags.TAIL) != 0 ? section[at + NEXT] : pfn;
  }

  /** {@code compound_order}: of the compound page that begins with this frame; else 0. */
  public int compoundOrder(int pfn) {
    int flags = get(pfn, FLAGS);
    return (flags & PageFlags.HEAD) != 0 ? PageFlags.order(flags) : 0;
  }

  /** {@code prep_compound_page}. */
  void prepCompound(int head, int order) {
    int[] section = writable(head);
    section[at(head, FLAGS)] |= PageFlags.HEAD;
    for (int pfn = head + 1; pfn < head + (1 << order); pfn++) {
      int at = at(pfn, FLAGS);
      section[at] |= PageFlags.TAIL;
      section[at + NEXT] = head;
    }
  }

  /** {@code free_tail_pages_check}: the tails are nothing but frames again. */
  void clearTails(int head, int order) {
    int[] section = writable(head);
    for (int pfn = head + 1; pfn < head + (1 << order); pfn++) {
      int at = at(pfn, FLAGS);
      section[at] &= PageFlags.ZONE_MASK;
      section[at + PRIVATE] = 0;
      section[at + NEXT] = NONE;
      section[at + MAPPING] = 0;
      section[at + INDEX] = 0;
    }
  }

  /** {@code split_page}: each frame of the block becomes a block of its own. */
  void split(int first, int order) {
    int zone = zoneIndex(first);
    for (int pfn = first; pfn < first + (1 << order); pfn++) {
      setAllocated(pfn, 0, zone);
    }
  }

  // ---- For the page allocator ----

  /** From now on {@link #describe} tells a frame's history too. */
  void setHistory(@Nullable FrameHistory history) {
    this.history = history;
  }

  /** Whether the frame is the first of a free block of this order in this zone. */
  boolean isBuddy(int pfn, int order, int zone) {
    int wanted = PageFlags.BUDDY | order << PageFlags.ORDER_SHIFT | zone << PageFlags.ZONE_SHIFT;
    int mask = PageFlags.BUDDY | PageFlags.ORDER_MASK | PageFlags.ZONE_MASK;
    return pfn < frames && (get(pfn, FLAGS) & mask) == wanted;
  }

  /** Whether the frame is the first of a block of this order on a per-CPU list of this zone. */
  boolean isPcp(int pfn, int order, int zone) {
    int wanted = PageFlags.PCP | order << PageFlags.ORDER_SHIFT | zone << PageFlags.ZONE_SHIFT;
    int mask = PageFlags.PCP | PageFlags.ORDER_MASK | PageFlags.ZONE_MASK;
    return pfn < frames && (get(pfn, FLAGS) & mask) == wanted;
  }

  /** {@code set_pcppage_migratetype}: the block goes on a per-CPU list. */
  void setPcp(int pfn, int order, int type) {
    int[] section = writable(pfn);
    int at = at(pfn, FLAGS);
    section[at] = (section[at] & PageFlags.ZONE_MASK) | PageFlags.pcp(order, type);
  }

  /** {@code get_pcppage_migratetype}: the block leaves its per-CPU list for that of this type. */
  int endPcp(int pfn) {
    int[] section = writable(pfn);
    int at = at(pfn, FLAGS);
    int flags = section[at];
    section[at] = flags & PageFlags.ZONE_MASK;
    return PageFlags.type(flags);
  }

  /**
   * {@code post_alloc_hook}: the block belongs to whoever asked, with one reference.
   *
   * @param zone its number: to read it here would make whatever reads the flags next wait for it
   */
  void setAllocated(int pfn, int order, int zone) {
    int[] section = writable(pfn);
    int at = at(pfn, FLAGS);
    section[at] =
        zone << PageFlags.ZONE_SHIFT | PageFlags.ALLOCATED | order << PageFlags.ORDER_SHIFT;
    section[at + REF_COUNT] = 1;
    section[at + PRIVATE] = 0;
  }

  /** {@code ClearPageReserved} of a frame that the kernel gives up after boot. */
  void unreserve(int pfn) {
    materialise(pfn);
    sections[pfn >>> SECTION_SHIFT][at(pfn, FLAGS)] &= PageFlags.ZONE_MASK;
  }

  /**
   * {@code check_free_page} of the frames inside a block.
   *
   * @throws IllegalStateException if somebody uses one of them
   */
  void checkInside(int first, int order) {
    for (int pfn = first + 1; pfn < first + (1 << order); pfn++) {
      int flags = get(pfn, FLAGS) & ~(PageFlags.ZONE_MASK | PageFlags.TAIL);
      if (flags != 0 || get(pfn, REF_COUNT) != 0 || get(pfn, MAP_COUNT) != 0) {
        throw wrong("free of a block of which a frame is still used", pfn);
      }
    }
  }

  /**
   * {@code put_page_testzero}, and {@code free_pages_prepare} if that was the last reference: then
   * the block belongs to nobody, and what its owner left is wiped.
   *
   * @param pfn first frame of a block that was handed out
   * @param freeFlags what the block is then, besides of its zone: 0, or a per-CPU list's
   * @return true if it was the last, and the caller must free the block
   * @throws IllegalStateException if it was the last, and somebody still uses the frame; nothing
   *     has changed then
   */
  boolean putPageTestzero(int pfn, int freeFlags) {
    int[] section = writable(pfn);
    int at = at(pfn, FLAGS);
    if (section[at + REF_COUNT] > 1) {
      section[at + REF_COUNT]--;
      return false;
    }
    int flags = section[at];
    boolean inFile =
        section[at + MAPPING] != 0 && (flags & (PageFlags.ANON | PageFlags.MOVABLE)) == 0;
    if ((flags & PageFlags.CHECK_AT_FREE) != 0 || inFile || section[at + MAP_COUNT] != 0) {
      throw wrong("free of a page that is still used", pfn);
    }
    section[at] = (flags & PageFlags.ZONE_MASK) | freeFlags;
    section[at + REF_COUNT] = 0;
    section[at + PRIVATE] = 0;
    section[at + MAPPING] = 0;
    section[at + INDEX] = 0;
    return true;
  }

  /** An exception that names the frame and its state. */
  IllegalStateException wrong(String what, int pfn) {
    return new IllegalStateException(what + ": " + describe(pfn));
  }

  /** A frame and its state in one line. */
  public String describe(int pfn) {
    if (pfn < 0 || pfn >= frames) {
      return "frame 0x%x, beyond the last one, 0x%x".formatted(pfn, frames - 1);
    }
    return "frame 0x%x (%s, count %d, mapcount %d, mapping %d, index %d)%s%s"
        .formatted(
            pfn,
            PageFlags.describe(flags(pfn)),
            pageCount(pfn),
            pageMapcount(pfn),
            mapping(pfn),
            index(pfn),
            isShared(pfn) ? ", never handed out" : "",
            history == null ? "" : history.describe(pfn));
  }

  // ---- Sections ----

  private int get(int pfn, int field) {
    return sections[pfn >>> SECTION_SHIFT][at(pfn, field)];
  }

  /** The ints that hold a frame's; for {@link FreeArea} only, which knows what it may write. */
  int[] section(int pfn) {
    return sections[pfn >>> SECTION_SHIFT];
  }

  /** Where in its section a frame has a field. */
  static int at(int pfn, int field) {
    return (pfn & SECTION_MASK) << PAGE_INTS_SHIFT | field;
  }

  private int[] writable(int pfn) {
    int[] section = sections[pfn >>> SECTION_SHIFT];
    if (section.length != SECTION_INTS) {
      throw wrong("write to a frame that was never handed out", pfn);
    }
    return section;
  }

  private boolean isShared(int pfn) {
    return sections[pfn >>> SECTION_SHIFT].length != SECTION_INTS;
  }

  /**
   * A section that many share.
   *
   * @param headFlags of the first frame of each block
   * @param otherFlags of the others
   * @param blockFrames how many frames are in a block
   */
  static int[] template(int headFlags, int otherFlags, int blockFrames) {
    int[] section = new int[SECTION_INTS + 1];
    for (int frame = 0; frame < SECTION_FRAMES; frame++) {
      int at = at(frame, FLAGS);
      section[at] = frame % blockFrames == 0 ? headFlags : otherFlags;
      section[at + NEXT] = NONE;
      section[at + PREV] = NONE;
    }
    return section;
  }

  /** Makes a template stand for the section that holds a frame. */
  void share(int pfn, int[] template) {
    sections[pfn >>> SECTION_SHIFT] = template;
  }

  /** Gives the section that holds a frame ints of its own. */
  void materialise(int pfn) {
    if (isShared(pfn)) {
      int number = pfn >>> SECTION_SHIFT;
      sections[number] = Arrays.copyOf(sections[number], SECTION_INTS);
    }
  }

  /** Sets zone and flags of frames, at boot. */
  void initialise(int startPfn, int endPfn, int flags) {
    for (int pfn = startPfn; pfn < endPfn; pfn++) {
      materialise(pfn);
      sections[pfn >>> SECTION_SHIFT][at(pfn, FLAGS)] = flags;
    }
  }
}
