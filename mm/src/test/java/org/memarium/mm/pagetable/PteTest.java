package org.memarium.mm.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class PteTest {
  @Test
  void aPrivateAreaThatMayBeWrittenBeginsReadOnly() {
    assertEquals(Pte.PAGE_READONLY, Pte.protection(true, true, false, false));
    assertEquals(Pte.PAGE_SHARED, Pte.protection(true, true, false, true));
    assertEquals(Pte.PAGE_READONLY_EXEC, Pte.protection(true, true, true, false));
    assertEquals(Pte.PAGE_SHARED_EXEC, Pte.protection(false, true, true, true));
    assertEquals(Pte.PAGE_READONLY, Pte.protection(true, false, false, true));
    assertEquals(Pte.PAGE_NONE, Pte.protection(false, false, false, true));
  }

  @Test
  void entriesAreOnOneSideOfPresentSwapAndNone() {
    long present = Pte.of(0x1234, Pte.PAGE_SHARED);
    long protnone = Pte.of(0x1234, Pte.PAGE_NONE);
    long swap = 0x1234L << 9 | 3 << 1;
    assertTrue(Pte.isPresent(present) && !Pte.isProtnone(present) && !Pte.isSwap(present));
    assertTrue(Pte.isPresent(protnone) && Pte.isProtnone(protnone) && !Pte.isSwap(protnone));
    assertTrue(!Pte.isPresent(swap) && Pte.isSwap(swap) && !Pte.isNone(swap));
    assertTrue(Pte.isNone(0) && !Pte.isSwap(0) && !Pte.isPresent(0));
    assertEquals(0x1234, Pte.pfn(present));
    assertEquals(0x1234, Pte.pfn(protnone));
  }

  @Test
  void anotherProtectionKeepsWhatTheProcessorNoted() {
    long pte = Pte.mkSpecial(Pte.mkDirty(Pte.of(0x3f_ffff, Pte.PAGE_SHARED_EXEC)));
    long changed = Pte.modify(pte, Pte.PAGE_READONLY);
    assertFalse(Pte.isWritable(changed));
    assertTrue(Pte.isDirty(changed) && Pte.isYoung(changed) && Pte.isSpecial(changed));
    assertEquals(0x3f_ffff, Pte.pfn(changed));
    assertEquals(Pte.modify(changed, Pte.PAGE_SHARED_EXEC), pte);
  }

  @Test
  void singleBitsCanBeSetAndCleared() {
    long pte = Pte.of(5, Pte.PAGE_READONLY);
    assertTrue(Pte.isWritable(Pte.mkWrite(pte)));
    assertEquals(pte, Pte.wrProtect(Pte.mkWrite(pte)));
    assertEquals(pte, Pte.mkClean(Pte.mkDirty(pte)));
    assertEquals(pte, Pte.mkYoung(Pte.mkOld(pte)));
    assertFalse(Pte.isYoung(Pte.mkOld(pte)));
  }
}
