package org.memarium.mm.frame;

/**
 * {@code ALLOC_*}: how far down an allocation may take a zone (Linux 6.1 {@code mm/internal.h}).
 *
 * <pre>
 *    11    8     5    4     3   2     1..0
 *   +---+-----+----+------+---+-----+------+
 *   |KSW| NFR |HIGH|HARDER|OOM|NO_WM| mark |     mark: 0 min, 1 low, 2 high
 *   +---+-----+----+------+---+-----+------+
 *   NO_WM   no watermark is checked          OOM     a victim of the OOM killer: half of min
 *   HARDER  a quarter below min, and blocks of type HighAtomic       HIGH  half of min
 *   NFR     no pageblock of another type     KSW     kswapd may be woken
 * </pre>
 */
public final class AllocFlags {
  /** {@code ALLOC_WMARK_MIN}. */
  public static final int WMARK_MIN = 0;

  /** {@code ALLOC_WMARK_LOW}. */
  public static final int WMARK_LOW = 1;

  /** {@code ALLOC_WMARK_HIGH}. */
  public static final int WMARK_HIGH = 2;

  /** {@code ALLOC_NO_WATERMARKS}. */
  public static final int NO_WATERMARKS = 0x04;

  /** {@code ALLOC_WMARK_MASK}. */
  public static final int WMARK_MASK = NO_WATERMARKS - 1;

  /** {@code ALLOC_OOM}. */
  public static final int OOM = 0x08;

  /** {@code ALLOC_HARDER}. */
  public static final int HARDER = 0x10;

  /** {@code ALLOC_HIGH}: the same bit as {@link Gfp#HIGH}. */
  public static final int HIGH = 0x20;

  /** {@code ALLOC_NOFRAGMENT}. */
  public static final int NOFRAGMENT = 0x100;

  /** {@code ALLOC_KSWAPD}: the same bit as {@link Gfp#KSWAPD_RECLAIM}. */
  public static final int KSWAPD = 0x800;

  private AllocFlags() {}
}
