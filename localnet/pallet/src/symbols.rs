//! Symbols of subnets' alpha: letters of many scripts. A subnet takes the one of its netuid where it is free.

use std::{collections::BTreeSet, ops::RangeInclusive};

use frame_support::{ensure, pallet_prelude::DispatchResult};
use frame_system::pallet_prelude::OriginFor;

use crate::*;

/// Root's, which no subnet may take.
const ROOT_SYMBOL: char = 'Τ';

/// The subnets', in the chain's order.
#[rustfmt::skip]
const SYMBOLS: [RangeInclusive<char>; 100] = [
    // Greek
    'α'..='ρ', 'σ'..='σ', 't'..='t', 'υ'..='ω',
    // Hebrew
    'א'..='ת',
    // Arabic
    '\u{627}'..='\u{628}', '\u{62a}'..='\u{63a}', '\u{641}'..='\u{648}', '\u{64a}'..='\u{64a}', '\u{649}'..='\u{649}',
    // Runes, and a Cyrillic letter among them
    '\u{16a0}'..='\u{16a0}', '\u{16a2}'..='\u{16a2}', '\u{16a6}'..='\u{16a6}', '\u{16a8}'..='\u{16a8}',
    '\u{16b1}'..='\u{16b1}', '\u{16b3}'..='\u{16b3}', 'Ы'..='Ы', '\u{16c9}'..='\u{16c9}', '\u{16d2}'..='\u{16d2}',
    // Ogham
    '\u{1680}'..='\u{1685}', '\u{169b}'..='\u{169b}',
    // Georgian
    'ა'..='ვ',
    // Armenian
    'Ա'..='Զ', '\u{55e}'..='\u{55e}',
    // Cyrillic
    'Ѐ'..='Ѕ', 'ъ'..='ъ',
    // Coptic
    '\u{2c80}'..='\u{2c85}',
    // Brahmi
    '\u{11000}'..='\u{11003}', '\u{11005}'..='\u{11005}',
    // Sinhala
    '\u{db1}'..='\u{db1}', '\u{db3}'..='\u{db7}',
    // Glagolitic
    '\u{2c00}'..='\u{2c20}',
    // Thai
    '\u{e01}'..='\u{e23}', '\u{e25}'..='\u{e25}', '\u{e27}'..='\u{e2e}',
    // Hangul
    'ㄱ'..='ㄱ', 'ㄴ'..='ㄴ', 'ㄷ'..='ㄷ', 'ㄹ'..='ㄹ', 'ㅁ'..='ㅂ', 'ㅅ'..='ㅅ', 'ㅇ'..='ㅈ', 'ㅊ'..='ㅎ',
    'ㅏ'..='ㅣ',
    // Ethiopic
    '\u{12a0}'..='\u{12a7}', '\u{12c8}'..='\u{12ce}', '\u{12b0}'..='\u{12b6}', '\u{1310}'..='\u{1312}',
    '\u{1218}'..='\u{1218}', '\u{1314}'..='\u{1316}',
    // Devanagari
    '\u{905}'..='\u{90b}', '\u{90f}'..='\u{910}', '\u{913}'..='\u{914}', '\u{915}'..='\u{928}',
    '\u{92a}'..='\u{930}', '\u{932}'..='\u{932}', '\u{935}'..='\u{939}',
    // Katakana
    'ア'..='ア', 'イ'..='イ', 'ウ'..='ウ', 'エ'..='エ', 'オ'..='オ', 'カ'..='カ', 'キ'..='キ', 'ク'..='ク',
    'ケ'..='ケ', 'コ'..='コ', 'サ'..='サ', 'シ'..='シ', 'ス'..='ス', 'セ'..='セ', 'ソ'..='ソ', 'タ'..='タ',
    'チ'..='チ', 'ツ'..='ツ', 'テ'..='テ', 'ト'..='ト', 'ナ'..='ノ', 'ハ'..='ハ', 'ヒ'..='ヒ', 'フ'..='フ',
    'ヘ'..='ヘ', 'ホ'..='ホ', 'マ'..='モ', 'ヤ'..='ヤ', 'ユ'..='ユ', 'ヨ'..='ヨ', 'ラ'..='ロ', 'ワ'..='ワ',
    'ヲ'..='ン',
    // Tifinagh
    '\u{2d30}'..='\u{2d53}',
    // Sinhala
    '\u{d85}'..='\u{d86}', '\u{d89}'..='\u{d96}', '\u{d9a}'..='\u{d9e}', '\u{da0}'..='\u{da4}',
    '\u{da7}'..='\u{da7}', '\u{da5}'..='\u{da6}', '\u{da9}'..='\u{da9}', '\u{da8}'..='\u{da8}',
    '\u{daa}'..='\u{db0}',
];

impl<T: Config> Pallet<T> {
    pub(crate) fn do_update_symbol(origin: OriginFor<T>, netuid: u16, symbol: Vec<u8>) -> DispatchResult {
        Self::ensure_subnet_owner_or_root(origin, netuid)?;
        ensure!(symbols().any(|known| known == symbol), Error::<T>::SymbolDoesNotExist);
        ensure!(TokenSymbol::<T>::iter_values().all(|used| used != symbol), Error::<T>::SymbolAlreadyInUse);
        TokenSymbol::<T>::insert(netuid, &symbol);
        Self::deposit_event(Event::SymbolUpdated(netuid, symbol));
        Ok(())
    }

    /// What a new network gets: its own symbol or, where another has that, the first that nobody has.
    pub(crate) fn next_available_symbol(netuid: u16) -> Vec<u8> {
        let used: BTreeSet<Vec<u8>> = TokenSymbol::<T>::iter_values().collect();
        let own = symbols().nth(usize::from(netuid).saturating_sub(1));
        let free = own.into_iter().chain(symbols()).find(|symbol| !used.contains(symbol));
        free.unwrap_or_else(|| bytes(ROOT_SYMBOL))
    }
}

fn symbols() -> impl Iterator<Item = Vec<u8>> {
    SYMBOLS.iter().cloned().flatten().map(bytes)
}

fn bytes(letter: char) -> Vec<u8> {
    letter.to_string().into_bytes()
}
