package org.memarium.mm.file;

/**
 * What files of memory ask of swap. Slots are numbers below {@link Shmem#SWAPIN_ERROR}; a tree of
 * pages keeps them as values.
 */
public interface ShmemSwap {
  /** {@code total_swap_pages}: whether there is an area that pages can go to. */
  boolean isOn();

  /**
   * {@code folio_alloc_swap}, {@code add_to_swap_cache}, {@code swap_shmem_alloc}: gives a page a
   * slot, which its file has from now on. The page is in the swap cache and dirty.
   *
   * @return the slot; -1 if there is none, or no memory: nothing has changed then
   */
  int add(int pfn);

  /**
   * {@code swap_writepage}: begins to write a page to its slot.
   *
   * @return 0; a negative errno if the device failed: the page is dirty, and stays
   */
  int write(int pfn);

  /**
   * {@code shmem_swapin}: finds the page of a slot in the swap cache, or reads it with others
   * around it, and waits until no device is at it.
   *
   * @return its frame, with a reference for the caller: not up to date if it could not be read; or
   *     a negative errno
   */
  int bringIn(int slot);

  /** Whether the latest page was not in the swap cache: a major fault. */
  boolean wasRead();

  /** Whether a frame is the page of a slot in the swap cache. */
  boolean isPageOf(int pfn, int slot);

  /**
   * {@code delete_from_swap_cache}, {@code swap_free}: a page leaves the swap cache, and its file
   * gives the slot up.
   *
   * @param pfn with a reference of the caller
   */
  void giveUp(int pfn, int slot);

  /** {@code free_swap_and_cache}: a file gives up a slot, whose page nobody needs. */
  void free(int slot);

  /** {@code read_swap_cache_async}: begins to read a slot; nobody waits. */
  void readAhead(int slot);

  /** Whether the page of a slot is in the swap cache, up to date. */
  boolean isInMemory(int slot);

  /** {@code swp_type}: the number of the area of a slot. */
  int type(int slot);

  /** A machine without swap. */
  enum None implements ShmemSwap {
    /** The only one. */
    INSTANCE;

    private static IllegalStateException noSlot(int slot) {
      return new IllegalStateException("slot 0x%x, and there is no swap".formatted(slot));
    }

    @Override
    public boolean isOn() {
      return false;
    }

    @Override
    public int add(int pfn) {
      return -1;
    }

    @Override
    public int write(int pfn) {
      throw new IllegalStateException("there is no swap");
    }

    @Override
    public int bringIn(int slot) {
      throw noSlot(slot);
    }

    @Override
    public boolean wasRead() {
      return false;
    }

    @Override
    public boolean isPageOf(int pfn, int slot) {
      return false;
    }

    @Override
    public void giveUp(int pfn, int slot) {
      throw noSlot(slot);
    }

    @Override
    public void free(int slot) {
      throw noSlot(slot);
    }

    @Override
    public void readAhead(int slot) {
      throw noSlot(slot);
    }

    @Override
    public boolean isInMemory(int slot) {
      throw noSlot(slot);
    }

    @Override
    public int type(int slot) {
      throw noSlot(slot);
    }
  }
}
