package org.memarium.cpu.x87;

/** Comparison: a relation as condition codes of {@link StatusWord}. */
final class Compare {
  static final int GREATER = 0;
  static final int LESS = StatusWord.C0;
  static final int EQUAL = StatusWord.C3;
  static final int UNORDERED = StatusWord.C3 | StatusWord.C2 | StatusWord.C0;

  private Compare() {}

  /**
   * How a relates to b.
   *
   * @param quiet whether quiet NaNs are compared without raising IE (FUCOM)
   */
  static int compare(Rounder r, long am, int ase, long bm, int bse, boolean quiet) {
    if (!Float80.isNormal(am, ase) || !Float80.isNormal(bm, bse)) {
      if (isUnordered(r, am, ase, bm, bse, quiet)) {
        return UNORDERED;
      }
      if (am == 0 && bm == 0) {
        return EQUAL;
      }
      r.noteDenormal(am, ase);
      r.noteDenormal(bm, bse);
    }
    if (((ase ^ bse) & Float80.SIGN) != 0) {
      return (ase & Float80.SIGN) != 0 ? LESS : GREATER;
    }
    // Denormals have the scale of exponent 1.
    int order =
        Integer.compare(Math.max(ase & Float80.EXPONENT, 1), Math.max(bse & Float80.EXPONENT, 1));
    if (order == 0) {
      order = Long.compareUnsigned(am, bm);
      if (order == 0) {
        return EQUAL;
      }
    }
    return order < 0 == ((ase & Float80.SIGN) == 0) ? LESS : GREATER;
  }

  private static boolean isUnordered(Rounder r, long am, int ase, long bm, int bse, boolean quiet) {
    boolean unsupported = Float80.isUnsupported(am, ase) || Float80.isUnsupported(bm, bse);
    if (!unsupported && !Float80.isNaN(am, ase) && !Float80.isNaN(bm, bse)) {
      return false;
    }
    if (unsupported || !quiet || Float80.isSignaling(am, ase) || Float80.isSignaling(bm, bse)) {
      r.raised |= StatusWord.INVALID;
    }
    return true;
  }

  /** FXAM: the class of a number that is in a register, as condition codes; C1 is its sign. */
  static int examine(long m, int se, boolean empty) {
    int sign = (se & Float80.SIGN) != 0 ? StatusWord.C1 : 0;
    if (empty) {
      return sign | StatusWord.C3 | StatusWord.C0;
    }
    if (Float80.isUnsupported(m, se)) {
      return sign;
    }
    if (Float80.isNaN(m, se)) {
      return sign | StatusWord.C0;
    }
    if (Float80.isInfinity(m, se)) {
      return sign | StatusWord.C2 | StatusWord.C0;
    }
    if (m == 0) {
      return sign | StatusWord.C3;
    }
    return sign | ((se & Float80.EXPONENT) == 0 ? StatusWord.C3 | StatusWord.C2 : StatusWord.C2);
  }
}
