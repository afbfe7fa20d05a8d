import type { Translated } from '../../en/catalogue.ts';
import type { notes as english } from '../../en/facts/notes.ts';

export const notes: Translated<typeof english> = {
  said: '{text}',
  mountedSource:
    '{path} ist beschreibbar unter {targets} eingehängt: Was derweil darauf geschrieben wird, kann die Kopie in sich widersprüchlich machen.',
  swapSource:
    '{path} wird als Swap benutzt: Was derweil darauf geschrieben wird, kann die Kopie in sich widersprüchlich machen.',
  besideSystem: '{path} ist eine Partition des Laufwerks, auf dem das laufende System ist.',
  bootAreas:
    'Die Boot-Bereiche von {path} ({areas}) werden nicht {end, select, source {kopiert} other {beschrieben}}, nur sein Hauptbereich. {end, select, source {Ein Gerät, das von ihnen startet, startet nicht von der Kopie allein.} other {Sie behalten ihren Inhalt.}}',
  onePartition:
    '{path} hat keine Partitionstabelle, nur ein Dateisystem ({fileSystem}): Es sieht nach dem Abbild einer einzelnen Partition aus. {paths} {count, plural, one {hat danach ebenfalls} other {haben danach ebenfalls}} keine Partitionstabelle und {count, plural, one {startet} other {starten}} nichts, was eine braucht. Um eine Partition wiederherzustellen, wählen Sie diese Partition eines Laufwerks als Ziel.',
  gptNotAtEnd:
    '{count, plural, one {{paths} ist} other {{paths} sind}} größer als die Quelle: Die Sicherung der Partitionstabelle (GPT) wird nicht am Ende des Laufwerks liegen. Nach der Kopie verschiebt {count, plural, one {`sgdisk -e {paths}`} other {`sgdisk -e LAUFWERK`, für jedes davon,}} sie dorthin. Das ändert die Tabelle, und ein späterer Vergleich mit der Quelle meldet ihre Sektoren als verschieden: Vergleichen Sie vorher.',
  leftBehind:
    '{path} behält hinter dem Ende der Quelle alte Signaturen: {signatures}. Ein System kann es für das halten, was es war. `wipefs --all {path}` vor der Kopie löscht sie.',
  mirrorLeft:
    '{path} behält hinter dem Ende der Quelle die Kopie eines alten btrfs-Superblocks, bei {place}. Nur Werkzeuge zur Rettung sehen dort nach.',
  packedLeftOut:
    '{path} ist ein Abbild, das nur als Ganzes geschrieben werden kann: Es wird ausgelassen. Beginnen Sie dafür eine neue Kopie.',
  splits: '{path} wird in Teilen von {size} geschrieben: {first} und so weiter.',
  piecesExceedFat:
    '{path}: Teile von 4 GiB sind für FAT ein Byte zu lang, dessen Dateien höchstens {longest, number} Bytes haben. Für Teile, die FAT nimmt, gibt es --split fat.',
  mayExceedFat:
    '{path}: Das Dateisystem (FAT) nimmt keine Dateien über {longest}. Die Kopie scheitert, wenn das Abbild größer wird. --split fat schreibt es in Teilen.',
  packs: '{path} wird beim Schreiben gepackt ({format}, Stufe {level}). Die Größe steht fest, wenn es vollständig ist.',
  unpacks: '{path} wird beim Lesen entpackt ({format}, {bytes}). Das Abbild darin hat {size}.',
  unpacksEntry: '{entry} in {path} wird beim Lesen entpackt ({format}, {bytes}). Es hat {size}.',
  putTogether:
    '{path} ist ein Ordner von {format}: Die Platte wird beim Lesen aus {count, number} Dateien zusammengesetzt ({bytes}). Sie hat {size}.',
  partsLeftOut: '{path} enthält nichts von diesen Partitionen, die zu Nullen werden: {names}.',
  swapLeftOut: 'Formatieren Sie diese Partitionen nach der Kopie wieder als Swap: {names}.',
  tableDamaged:
    'Die Partitionstabelle in {path} ({file}) hat eine falsche Prüfsumme: Ein System findet die Partitionen der Kopie vielleicht nicht.',
  fileSystemsSmaller:
    'In {path} wurden diese Dateisysteme verkleinert und sind kleiner als ihre Partitionen: {names}. Der Befehl in Klammern vergrößert das Dateisystem.',
  partsUnsized:
    'In {path} zeigt sich die Größe dieser Abbilder erst beim Lesen: {names}. Ist eines kürzer als seine Partition, folgen ihm Nullen.',
  joinsPieces:
    '{path} ist der erste von {count, number} Teilen, die als eine Datei gelesen werden (bis {last}, zusammen {bytes}).',
  checksum: 'Die Prüfsumme von {path} entsteht beim Kopieren. Kein Laufwerk bekommt sein erstes MiB, bevor sie stimmt.',
  checksumFrom: '{list} sagt: {hash} {of, select, file {von {path}} other {des Abbilds in {path}}} ist {hex}.',
  signedBy: '{path} ist von {by} signiert (Schlüssel {key}).',
  signatureUnchecked:
    '{path} ist signiert ({signature}), und die Signatur wird nicht geprüft. Um sie zu prüfen: --key KEY mit dem Schlüssel des Herausgebers.',
  checksumBeside:
    '{list} enthält eine Prüfsumme ({hash}) {of, select, file {von {path}} other {des Abbilds in {path}}}, die nicht geprüft wird. Um sie zu prüfen: --checksum {list}',
  listUnclear: 'Die Prüfsummenliste {list} neben {path} kann nicht verwendet werden. {reason}',
  mappedOnly:
    'Von {path} zählt nur, was {bmap} nennt: {mapped}. Die übrigen {left} sind unbestimmt: Sie werden nicht verglichen, und auf einem Laufwerk bleibt dort meist, was da ist. Um sie mit Nullen zu füllen: --zero-unmapped',
  mappedZeros:
    'Von {path} zählt, was {bmap} nennt: {mapped}. Die übrigen {left} sind unbestimmt und gelten als Nullen.',
  mappedUnchecked:
    '{bmap} enthält für einen Teil des Abbilds keine Prüfsumme: Ein falsches Byte darin fiele nicht auf.',
  usedOnly:
    'Von {path} werden {used} benutzt oder sind nicht sicher frei: {on, select, nothing {Sie werden verglichen. Die anderen {left} sind frei und werden nicht verglichen.} drives {Sie werden kopiert und verglichen. Die anderen {left} sind frei: Auf einem Laufwerk behalten die meisten, was dort steht. Um sie zu Nullen zu machen: --zero-unmapped} images {Sie werden kopiert und verglichen. Die anderen {left} sind frei: In einem neuen Abbild sind die meisten Nullen.} other {Sie werden kopiert und verglichen. Die anderen {left} sind frei: Auf einem Laufwerk behalten die meisten, was dort steht, in einem neuen Abbild sind die meisten Nullen. Um alle zu Nullen zu machen: --zero-unmapped}}',
  usedZeros:
    'Von {path} werden {used} benutzt oder sind nicht sicher frei: Sie werden kopiert und verglichen. Die anderen {left} sind frei und werden Nullen.',
  usedPart:
    '{of, select, whole {{path}} other {Partition {partition} von {path}}} ({fileSystem}, {size}): {used} werden benutzt.',
  wholePart:
    '{of, select, whole {{path}} other {Partition {partition} von {path}}} ({fileSystem}, {size}) wird ganz kopiert. {reason}',
  wholePartSaves:
    '{of, select, whole {{path}} other {Partition {partition} von {path}}} ({fileSystem}, {size}) wird ganz kopiert, obwohl {saves} davon frei zu sein scheinen. {reason}',
  usedNoTable:
    '{path} wird ganz kopiert: Es gibt dort weder eine unbeschädigte Partitionstabelle noch ein Dateisystem, das Platter erkennt.',
  bmapUnused: '{bmap} liegt neben der Quelle und wird hier nicht verwendet: Die ganze Quelle zählt.',
  packedUnchecked:
    '{path} enthält keine Prüfsumme seines Inhalts: Ein falsches Byte in der Datei wäre nicht aufgefallen.',
  zerosFollow: 'In {path} folgen auf das gepackte Abbild Nullen, {bytes}. Sie gehören nicht dazu.',
  takenAsIs: '{path} ist {file}, kein Abbild eines Laufwerks: Die Bytes werden genommen, wie sie sind.',
  looksLike: '{path} sieht aus wie {file}. Trifft das zu, startet von der Kopie nichts.',
  unrecognised:
    'In {path} ist nichts zu erkennen, weder eine Partitionstabelle noch ein Dateisystem: Vergewissern Sie sich, dass es ein Abbild ist.',
  imageDespiteName:
    'Dem Namen nach ist {path} eine {format}-Datei, aber es ist ein Abbild: Die Bytes werden genommen, wie sie sind.',
  takenDespiteName:
    'Dem Namen nach ist {path} eine {format}-Datei, aber sie beginnt nicht wie eine: Die Bytes werden genommen, wie sie sind.',
  trailer:
    '{path} ist eine {format}-Datei: ein Laufwerk, Byte für Byte, und danach 512 Byte, die zu {format} gehören. Sie werden mitkopiert.',
  openWrtMetadata: 'Hinter dem Gepackten folgen in {path} {bytes} Metadaten von OpenWrt. Sie gehören nicht zum Abbild.',
  otherSectors:
    '{path} hat Sektoren von {has, number} Byte, und die Partitionen der Quelle zählen in Sektoren von {made, number}: Auf der Kopie findet sie kein System.',
  sourceSectors:
    '{path} hat Sektoren von {has, number} Byte, aber seine Partitionen zählen in Sektoren von {made, number}: Darauf findet sie kein System.',
  imageSectors:
    'Die Partitionen der Quelle zählen in Sektoren von {made, number} Byte. Um sie in {path} zu finden, binden Sie es mit `losetup --sector-size {made}` ein.',
  partitionsBeyond:
    'Am Ende von {path} fehlen {missing}, auch auf der Kopie: Die letzte Partition endet bei {end}, aber {path} hat nur {size}. Eine solche Abbilddatei ist wahrscheinlich abgeschnitten: Vergleichen Sie ihre Größe oder Prüfsumme mit der des Herausgebers.',
  gptCut:
    'Am Ende von {path} fehlen {missing}: Nach der GPT hat der Datenträger {whole}. Dort lag die Sicherung der Tabelle, die auch auf der Kopie fehlt. Von einem Abbild in Teilen fehlt wahrscheinlich der letzte.',
  sameUuids:
    '{source} und die Kopie auf {paths} haben dieselben UUIDs. Trennen Sie eines davon vor dem nächsten Einhängen oder Neustart, denn das System kann sie nicht unterscheiden.{by, select, btrfs { Ein eingehängtes btrfs kann auf das falsche schreiben: `btrfstune -u` gibt der nicht eingehängten Kopie eine eigene UUID.} lvm { `vgimportclone` gibt der Kopie eigene Namen und UUIDs.} other {}}',
  buffered:
    '{path} nimmt keine direkten Zugriffe an: Es geht durch den Zwischenspeicher, der vor dem Zurücklesen geleert wird.',
  partitionsUnchecked:
    'Platter darf das System nicht fragen, ob ein anderes Programm eine Partition von {path} geöffnet hat. Schließen Sie Programme, die sie benutzen.',
  unlogged:
    'Der Auftrag kann nach einer Unterbrechung nicht fortgesetzt werden: In {directory} lässt sich kein Protokoll führen. {reason}',
  unloggedMemory:
    'Der Auftrag kann nach einer Unterbrechung nicht fortgesetzt werden: Für ein Protokoll reicht der Speicher nicht.',
  leftOut: '{path} ist nicht da: Es wird ausgelassen und kann später fortgesetzt werden.',
  writtenByOther: '{path} wird ausgelassen: Ein anderer Auftrag hat es seitdem beschrieben.',
  partOfWholeJob:
    '{part} stammt vom unterbrochenen Auftrag vom {began}, der sich für {path} nicht fortsetzen lässt. Es wird entfernt.',
  partOfJob:
    '{part} stammt vom unterbrochenen Auftrag vom {began}. Es wird entfernt, und dieser Auftrag kann dann für {path} nicht mehr fortgesetzt werden.',
  logDamaged: 'Das Protokoll dieses Auftrags ist beschädigt: Alles wird noch einmal kopiert.',
  goesOn: 'Der Auftrag vom {began} geht weiter: {there} sind schon auf den Zielen.',
  beginsAgain: 'Vom Auftrag vom {began} ist nichts auf den Zielen: Alles wird neu geschrieben.',
  manifestReplaced: 'Das Manifest {path} wird durch das dieses Auftrags ersetzt.',
  mapGone: 'Die Map-Datei {path} gibt es nicht mehr: Was nicht lesbar war, wird von vorn versucht.',
  mapContinued: 'Die Map-Datei wird fortgesetzt: {rescued} gelten als auf jedem Ziel schon vorhanden.',
  notCompared:
    'Das Manifest hat für {count, plural, one {# Stück} other {# Stücke}} keinen Hash: {count, plural, one {Es wird} other {Sie werden}} nicht verglichen.',
  sourceWritten:
    'In {path} wurde während des Auftrags geschrieben: Was daraus gelesen wurde, kann eine Mischung alter und neuer Daten sein.',
  sourceUnwatched:
    'Ob in {path} während des Auftrags geschrieben wurde, lässt sich nicht sagen, denn die Datei hat ihren Namen verloren oder ist nicht erreichbar. Es gilt als geschehen.',
  sourceUnknown:
    'Das Kopierprogramm ist ausgefallen, bevor sich sagen ließ, ob in {path} während des Auftrags geschrieben wurde. Es gilt als geschehen.',
  oldPartitions:
    'Das System zeigt vielleicht noch die alten Partitionen von {path} ({errno}). Nach dem nächsten Anstecken zeigt es die neuen.',
  manifestWritten: 'Das Manifest wurde nach {path} geschrieben.',
  manifestNotSaved: 'Das Manifest wurde nicht gespeichert: {reason}',
  manifestNotKept: 'Das Manifest wurde nicht aufbewahrt: {reason}',
  manifestEmpty: 'Es wurde kein Manifest gemacht: Von der Quelle wurde nichts gelesen.',
  manifestHoles:
    'Das Manifest hat keinen Hash für {count, plural, one {# Stück, das} other {# Stücke, die}} nicht ganz gelesen {count, plural, one {wurde} other {wurden}}.',
  comparedWithManifest:
    'Von {all, plural, one {# Stück} other {# Stücken}} der Quelle {compared, plural, one {konnte # mit dem Manifest verglichen werden} other {konnten # mit dem Manifest verglichen werden}}.',
  sourceUnchanged: 'Seit das Manifest gemacht wurde, hat sich an der Quelle nichts geändert.',
  sourceChanged:
    'Seit das Manifest gemacht wurde, {count, plural, one {hat sich # Stück} other {haben sich # Stücke}} ({size}) der Quelle geändert.',
  logNotWritten:
    'Das Protokoll des Auftrags ließ sich nicht schreiben; nach einer Unterbrechung kann er nicht fortgesetzt werden: {reason}',
  mapNotWritten: 'Die Map-Datei ließ sich nicht nach {path} schreiben: {reason}',
  morePlaces:
    '{count, plural, one {# weitere unlesbare Stelle steht} other {# weitere unlesbare Stellen stehen}} nur in der Map-Datei.',
  nameKept:
    '{path} hat seinen Namen behalten, während es repariert wurde, denn es ließ sich nicht in {part} umbenennen ({errno}). Wäre die Reparatur unterbrochen worden, hätte das nur das Protokoll gezeigt.',
  mapOfDone:
    'Die Map-Datei beschreibt die fertigen Ziele. Den anderen fehlt noch ein Teil dieser Daten; sie bekommen ihn, wenn der Auftrag fortgesetzt wird.',
};
