import type { Translated } from '../../en/catalogue.ts';
import type { reasons as english } from '../../en/facts/reasons.ts';

export const reasons: Translated<typeof english> = {
  said: '{text}',

  mediumError: 'Das Laufwerk meldet einen Medienfehler.',
  gone: 'Das Laufwerk ist weg, oder es ist kein Medium darin.',
  fileSystemFull: 'Das Dateisystem ist voll.',
  readOnly: 'Es ist schreibgeschützt.',
  timedOut: 'Das Laufwerk hat nicht rechtzeitig geantwortet.',
  inUse: 'Es ist in Gebrauch: durch eine andere Kopie, RAID, LVM, eine Verschlüsselung oder ein anderes Programm.',
  accessRefused: 'Der Zugriff wurde verweigert.',
  nothingThere: 'An diesem Pfad ist nichts.',
  neither: 'Es ist weder ein Laufwerk noch eine gewöhnliche Datei.',
  nameTooLong: 'Der Name ist zu lang.',
  notUtf8: 'Ein Name in {path} ist kein gültiges UTF-8 oder enthält das Zeichen U+FFFD.',
  fileSilent: 'Sein Dateisystem hat seit {seconds, plural, one {# Sekunde} other {# Sekunden}} nicht geantwortet.',
  notAFolder: '{path} ist kein Ordner, der sich benutzen lässt.',
  fuseOfUser:
    'Es liegt auf einem FUSE-Dateisystem (unter {target}), das nur der Benutzer lesen darf, der es eingehängt hat, nicht root.',
  errno: 'Das System meldet {errno}.',

  failed:
    '{what, select, read {Lesen fehlgeschlagen} write {Schreiben fehlgeschlagen} flush {Abschließen fehlgeschlagen} verify {Überprüfung fehlgeschlagen} other {Zurücklesen fehlgeschlagen}}: {cause}.',
  failedAt:
    '{what, select, read {Lesen fehlgeschlagen} write {Schreiben fehlgeschlagen} flush {Abschließen fehlgeschlagen} verify {Überprüfung fehlgeschlagen} other {Zurücklesen fehlgeschlagen}} bei {place}: {cause}.',
  smallerThanSaid:
    'Ab {from} stimmt bis zum Ende der Kopie nichts: Das Laufwerk ist vielleicht kleiner, als es angibt.',
  keptAs: '{reason} (das unvollständige Abbild bleibt als {part} erhalten).',
  removedMeanwhile:
    'Das Laufwerk wurde während des Auftrags entfernt: {sign, select, removed {Das System hat es abgemeldet} noSize {Es hat keine Größe mehr} other {Was dahinter liegt, ist weg}}.',
  cancelled: 'Abgebrochen, bevor es vollständig war.',
  sourceUnread: 'Nicht vollständig: Die Quelle konnte nicht bis zum Ende gelesen werden.',
  sourceWrong: 'Nicht vollständig: Die Quelle ist beschädigt oder nicht die Datei, die sie sein muss.',
  stoppedUnexplained: 'Nicht vollständig: Das Kopierprogramm hat es ohne Angabe eines Grundes beendet.',
  sourceSilent: 'Die Quelle antwortet nicht mehr. Die Rettung kann weitergehen, wenn sie wieder antwortet.',
  unreadable: 'Nicht lesbar bei {place}: Auf jedem Ziel stehen dort Nullen.',
  notNamed:
    'Das Abbild ist vollständig, konnte aber seinen Namen nicht bekommen: {reason} Es bleibt als {part} erhalten.',
  nameTaken: 'Eine andere Datei hat den Namen während des Auftrags bekommen.',
  imageLost:
    '{how, select, removed {{part} wurde während des Auftrags gelöscht: Das Abbild ist verloren.} other {Eine andere Datei ist während des Auftrags an die Stelle von {part} getreten: Das Abbild hat keinen Namen.}}',

  isSystem: 'Darauf ist das laufende System.',
  maybeSystem:
    'Darauf kann das laufende System sein: Welches Laufwerk es trägt, lässt sich hier nicht feststellen. Vorsichtshalber wird kein eingebautes Laufwerk beschrieben.',
  bootArea: 'Es ist ein Bereich eines eingebauten Flash-Speichers (eMMC), der Firmware oder Schlüssel enthält.',
  mountedAt: 'Es ist unter {targets} eingehängt.',
  mountedAndSwap: 'Es ist unter {targets} eingehängt und wird als Swap benutzt.',
  usedAsSwap: 'Es wird als Swap benutzt.',
  optical: 'Es ist ein optisches Laufwerk.',
  writeProtected: 'Es ist schreibgeschützt.',
  heldBy: 'Es ist in Gebrauch durch {holders}.',
  aliasMounted: 'Was dahinter liegt, ist auch {path}, eingehängt unter {targets}.',
  loopUnknown: 'Was hinter diesem Loop-Gerät liegt, ist nicht festzustellen: Seine Datei wurde gelöscht.',
  behindSame: 'Was dahinter liegt, liegt auch hinter {path}.',
  diskLocked:
    '{how, select, read {{users} liest davon, zum Beispiel für eine Kopie.} other {{users} schreibt darauf, zum Beispiel eine Kopie.}}',
  lockedBySomebody: 'Ein anderes Programm hat es gesperrt, zum Beispiel eine andere Kopie.',
  inJob:
    '{how, select, read {Ein Auftrag von Platter liest davon} other {Ein Auftrag von Platter schreibt darauf}} (Prozess {pid}).',
  inLoggedJob:
    '{how, select, read {Der Auftrag {id} von Platter liest davon} other {Der Auftrag {id} von Platter schreibt darauf}} (Prozess {pid}).',
  noMedium: 'Es ist kein Medium darin, oder nichts dahinter.',
  emptyFile: 'Die Datei ist leer.',
  severalInArchive: 'Das Archiv enthält mehrere Dateien: {names}.',
  emptyArchive: 'Das Archiv enthält keine Datei.',
  noImageInArchive: 'Die einzige Datei im Archiv ist {name}, dem Namen nach kein Abbild.',
  entryNameBroken: 'Der Name der Datei im Archiv ist beschädigt: Er enthält ein NUL-Zeichen.',
  notInArchive: 'Im Archiv gibt es kein {name}. Es enthält: {names}.',
  encryptedEntry: '{name} ist im Archiv verschlüsselt.',
  twiceInArchive: '{count, number} Dateien im Archiv heißen {name}: Welche gemeint ist, lässt sich nicht sagen.',
  unknownMethod: '{name} ist im Archiv mit einem Verfahren gepackt, das Platter nicht kennt ({method}).',
  packedTruncated: 'Die gepackte Datei ist abgeschnitten: Sie endet bei {offset}, vor dem Abbild darin.',
  packedDamaged: 'Die gepackte Datei ist beschädigt, ungefähr {offset} nach ihrem Anfang ({said}).',
  packedTrailing: 'In der gepackten Datei folgt etwas anderes auf das Abbild, {offset} nach dem Anfang der Datei.',
  pieceMissing: 'Sie ist in Teile zerlegt, und der Teil {name} fehlt.',
  pieceOfOtherSize:
    'Sie ist in Teile zerlegt, und der Teil {name} hat {size}, der erste aber {first}. Er ist unvollständig oder kein Teil davon.',
  onlyPieces: 'Es gibt davon nur Teile, und der erste ist {first}.',
  laterPiece: 'Sie ist ein Teil eines zerlegten Abbilds, dessen erster Teil {first} ist.',
  firstPieceAbsent:
    'Dem Namen nach ist sie ein Teil eines zerlegten Abbilds, aber der erste Teil, {one} oder {zero}, liegt nicht daneben.',
  folderLacks: 'Der Ordner dieser Platte ist nicht vollständig: {file} fehlt oder ist zu kurz.',
  folderTables:
    'Die Partitionstabelle in {file} hat andere Partitionen, als {dump} sagt. Die Abbilder dieses Ordners haben also keine sicheren Plätze.',
  folderTwice: 'Der Ordner enthält zwei Abbilder derselben Partition: {one} und {other}.',
  notPartclone: 'Ihr Name sagt partclone, aber sie hat nicht dieses Format.',
  imageOfOtherSize: 'Das Abbild darin hat {has}, seine Partition aber {needs}.',
  folderUnread:
    'Was {file} in diesem Ordner sagt, wird nicht verstanden: nicht als Tabelle einer Platte mit Sektoren von 512 Bytes.',
  folderHasMore: 'Der Ordner enthält {file}, aber in seiner Tabelle keine Partition, zu der die Datei gehört.',
  folderOfDisks: 'Der Ordner enthält mehrere Platten: {disks}.',
  folderOfPartitions: 'Der Ordner enthält Partitionen, aber nicht die Platte, auf der sie waren.',
  folderOfVolumes: 'Der Ordner enthält Volumes von LVM, RAID oder LUKS ({file}), die Platter nicht zusammensetzt.',
  checksumOfFolder: 'Eine Prüfsumme gehört zu einer Datei, und diese Platte liegt in mehreren.',
  optionOfFile: '{option} ist für eine einzelne Datei, und diese Platte liegt in mehreren.',
  otherChecksum: 'Ihr {hash} ist {is}, nicht {wanted}: Es ist eine andere Datei oder eine beschädigte.',
  changedWhileChecked: 'Während ihre Prüfsumme berechnet wurde, wurde in sie geschrieben.',
  otherChecksumOfImage:
    'Der {hash} des Abbilds darin ist {is}, nicht {wanted}: Es ist eine andere Datei oder eine beschädigte.',
  otherChecksumOfBoth:
    'Weder die Datei noch das Abbild darin hat den {hash} {wanted}: Der der Datei ist {file}, der des Abbilds {image}. Es ist eine andere Datei oder eine beschädigte.',
  signatureWrong: 'Ihre Signatur ({signature}, Schlüssel {key}) ist falsch: Datei oder Signatur wurde verändert.',
  signatureOfOther: 'Sie ist mit einem anderen Schlüssel signiert, {key} ({signature}).',
  signatureOfOld:
    'Sie ist mit dem Schlüssel {key} signiert ({signature}), {how, select, expired {und der Schlüssel oder die Signatur ist abgelaufen} other {der widerrufen wurde}}.',
  signatureUnread: 'Ihre Signatur ({signature}) lässt sich nicht prüfen: {said}.',
  signatureWhole:
    'Ihre Signatur gilt der ganzen Datei, nicht einem Hash. Solche prüft Platter nur bei Listen von Prüfsummen.',
  noSignature:
    'Sie ist nicht so signiert, dass dieser Schlüssel es prüfen könnte, und auch keine Liste von Prüfsummen daneben.',
  noPublicKey: 'Sie enthält keinen öffentlichen Schlüssel von OpenPGP, minisign oder signify, den Platter lesen kann.',
  noGpgv: 'OpenPGP-Signaturen prüft gpgv, das nicht installiert ist.',
  listContradicts: 'Sie enthält zwei Prüfsummen ({hash}) derselben Datei: {one} und {other}.',
  listsContradict: 'Ihre Prüfsumme ({hash}) ist {one}, die in {list} aber {other}.',
  listOdd: 'Zeile {line, number} nennt die Datei und ist nicht zu verstehen: {text}',
  listLacks:
    'Sie enthält Prüfsummen von {names}{more, plural, =0 {} one { und # weiteren Datei} other { und # weiteren Dateien}}, aber keine der Datei unter diesem Pfad.',
  listNameless: 'Sie enthält eine Prüfsumme ohne Namen, ist aber selbst nicht nach der Datei benannt.',
  listEmpty: 'Sie enthält keine Prüfsumme, die Platter lesen kann.',
  checksumOfDisk: 'Prüfsummen gibt es für Dateien. Die Quelle ist ein Laufwerk.',
  checksumUnavailable:
    'Für Prüfsummen braucht es platter-unpack, das hier nicht gebaut wurde, weil seine Bibliotheken fehlen.',
  bmapVersion: 'Sie ist eine bmap-Datei der Version {version}. Platter liest 1.2, 1.3, 1.4 und 2.',
  bmapHash: 'Ihre Prüfsummen sind mit {hash} gebildet, das Platter nicht kennt.',
  bmapDamaged: 'Ihre eigene Prüfsumme ist falsch: Sie ist beschädigt oder wurde verändert.',
  bmapContradicts: 'Sie widerspricht sich in Zeile {line, number}.',
  bmapOdd:
    'In Zeile {line, number} steht nicht, was eine bmap-Datei dort hat: Sie ist beschädigt, abgeschnitten oder keine bmap-Datei.',
  bmapEmpty: 'Sie nennt keinen Bereich des Abbilds.',
  bmapOfOther: 'Sie gehört zu einem Abbild mit {said}, dieses aber hat {has}.',
  bmapOfDisk: 'Eine bmap-Datei gehört zu einem Abbild. Die Quelle ist ein Laufwerk.',
  bmapUnavailable:
    'Für eine bmap-Datei braucht es platter-unpack, das hier nicht gebaut wurde, weil seine Bibliotheken fehlen.',
  usedUnknown: 'Was darin ist, wird nicht erkannt, oder es ist mehreres zugleich.',
  usedNoMaker: 'Platter kann die benutzten Blöcke von {fileSystem} nicht finden.',
  usedMounted: 'Es ist unter {targets} eingehängt. Hängen Sie es erst aus, oder hängen Sie es nur lesbar ein.',
  usedJournal:
    'In seinem Journal stehen Änderungen, die noch nicht an ihrem Platz sind. Hängen Sie es erst ein und wieder aus.',
  usedNotUnmounted: 'Es wurde nicht ausgehängt oder hat Fehler. Prüfen Sie es erst mit seinem eigenen Programm.',
  usedHibernated: 'Darin liegt ein Windows im Ruhezustand. Fahren Sie Windows erst herunter.',
  usedSeveralDevices: 'Es liegt auf mehreren Geräten.',
  usedFeatures: 'Es hat Eigenschaften, deren benutzte Blöcke Platter nicht kennt.',
  usedGroups: 'Seine Bitmaps widersprechen seinen eigenen Angaben über freie Blöcke. Lassen Sie es prüfen (e2fsck -f).',
  usedErrors: '{program} findet Fehler darin. Reparieren Sie es erst.',
  usedSum:
    'Nach seiner Karte sind es {counted}, nach seiner eigenen Angabe {said}. Prüfen Sie es erst mit seinem eigenen Programm.',
  usedNoFigure: 'Es enthält keine eigene Angabe, die die Karte beweisen würde.',
  usedBeyond: 'Es endet hinter seiner Partition.',
  usedTooMany: 'Seine freien Blöcke liegen an mehr als {most, number} Stellen: mehr, als Platter im Speicher hält.',
  usedOdd: 'Was {program} darüber sagt, widerspricht sich.',
  usedToolMissing: '{program} ist nicht installiert. Es ist im Paket {package}.',
  usedToolFailed: '{program} ist gescheitert: {said}',
  usedOutOfReach: 'Die Programme des Dateisystems können diese Partition nicht bekommen. Als root geht es.',
  usedUnreadable: 'Es kann nicht gelesen werden.',
  usedPacked: 'Die benutzten Blöcke einer gepackten Quelle können noch nicht gefunden werden.',
  nothingUnmapped:
    'Es gibt keine bmap, und --used ist nicht angegeben: --zero-unmapped hat nichts mit Nullen zu füllen.',
  otherThanMapped:
    'Das Abbild ist beschädigt oder ein anderes, als {bmap} beschreibt: Die Prüfsumme des Bereichs bei {place} ist falsch.',
  serverUnavailable:
    'Zum Öffnen eines Abbilds braucht es platter-serve, das hier nicht gebaut wurde, weil seine Bibliotheken fehlen.',
  serverUnstarted: 'Das Programm, das es öffnet, ließ sich nicht starten ({errno}).',
  serverEnded: 'Das Programm, das es öffnet, hat unerwartet geendet.',
  notServed: 'Es lässt sich nicht einhängen: {said}.',
  openedThere: 'In diesem Ordner ist schon ein Abbild geöffnet.',
  noEmptyFolder: 'Es ist kein leerer Ordner.',
  notOpened: 'In diesem Ordner ist kein Abbild geöffnet.',
  openedBy: 'Der Benutzer {user} hat dieses Abbild geöffnet.',
  partitionsCut:
    'Das Abbild endet, bevor {count, plural, one {seine Partition {partitions} endet. Sie wird} other {seine Partitionen {partitions} enden. Sie werden}} nicht geöffnet.',
  noProgram: 'Kein Programm hat {path} geöffnet: {said}',
  noFileManager: 'Die Dateiverwaltung konnte {folder} nicht zeigen: {said}',
  readFromStart: 'Es ist als {format} ohne Index gepackt und lässt sich nur von Anfang an lesen.',
  savedDisk: 'Es ist ein von {format} gesicherter Datenträger und lässt sich nur von Anfang an lesen.',
  largeBlocks: 'Es ist in Blöcken von bis zu {size} gepackt: Etwas darin zu lesen braucht zu viel Speicher.',
  packedMemory: 'Das Entpacken braucht mehr Speicher als erlaubt.',
  diskNeedsFile:
    'Die virtuelle Festplatte ist nicht vollständig: Sie braucht die Datei {name}, die Platter nicht öffnet.',
  diskNeedsFiles:
    'Die virtuelle Festplatte ist nicht vollständig: Sie braucht andere Dateien, die Platter nicht öffnet.',
  diskEncrypted: 'Die virtuelle Festplatte ist verschlüsselt.',
  diskUnfinished: 'Die virtuelle Festplatte wurde nicht ordentlich geschlossen ({said}).',
  decoderKilled:
    'Das System hat das Programm beendet, das die Datei entpackt ({signal}), wie wenn der Speicher ausgeht. Über die Datei sagt das nichts.',
  decoderStarved:
    'Das System gab dem Programm, das die Datei entpackt, nicht, was es braucht ({said}). Über die Datei sagt das nichts.',
  decoderUnstarted: 'Das Programm, das die Datei entpackt, ließ sich nicht starten ({errno}).',
  packedUnreadable: 'Die gepackte Datei lässt sich nicht entpacken: {said}.',
  noDiskImage:
    'Es ist {file}, kein Abbild eines Laufwerks: Von der Kopie könnte nichts starten, und nichts könnte sie einhängen.',
  urlWrong:
    'Von dieser Adresse kann Platter nicht herunterladen: Es geht nur mit gültigen Adressen von http und https.',
  hostUnknown: 'Der Name {host} ist im Netz nicht bekannt.',
  notConnected: 'Es kommt keine Verbindung zu {host} zustande ({said}).',
  notHttp: 'Die Antwort von {host} ist kein gültiges HTTP ({said}).',
  certificate:
    'Das Zertifikat von {host} wird nicht angenommen: {why, select, selfSigned {Es ist von sich selbst signiert} unknownIssuer {Sein Aussteller ist hier nicht bekannt} expired {Es ist abgelaufen} notYetValid {Es ist noch nicht gültig} otherName {Es gilt für einen anderen Namen} other {Es ist nicht gültig}} ({said}).',
  proxyFailed: 'Der Proxy {proxy} ist nicht zu gebrauchen: {said}.',
  serverAnswered: '{host} hat mit „{status}“ geantwortet.',
  serverSilent: '{host} hat seit {seconds, plural, one {# Sekunde} other {# Sekunden}} nicht geantwortet.',
  tooManyRedirects: '{host} leitet mehr als {most, plural, one {einmal} other {# Mal}} weiter.',
  oddRedirect: '{host} leitet zu einer Adresse weiter, die weder http noch https ist: {to}.',
  insecureRedirect: '{host} leitet zu einer Adresse ohne Verschlüsselung weiter: {to}.',
  cutShort: 'Die Verbindung zu {host} brach nach {has} ab.',
  cutShortOf: 'Die Verbindung zu {host} brach nach {has} von {length} ab.',
  downloadTooLong: '{host} hat mehr gesendet als die angekündigten {length}.',
  downloadChanges:
    'Die Datei bei {host} hat sich während des Herunterladens {times, plural, one {einmal} other {# Mal}} geändert.',
  fileChanged: 'Die Datei bei {host} hat sich geändert, während sie gelesen wurde.',
  otherPart: '{host} hat nicht mit dem Teil der Datei geantwortet, der verlangt war.',
  lengthUntold: 'Der Server sagt nicht, wie groß die Datei ist.',
  downloadLimit: 'Sie hat mehr als {most}, die Grenze für Downloads.',
  downloadInUse: 'Ein anderes Platter lädt sie gerade herunter (Prozess {pid}).',
  downloadsNotOwn: 'Es ist kein privater Ordner dieses Benutzers.',
  downloadCancelled: 'Das Herunterladen wurde abgebrochen.',
  downloadEnded: 'Das Programm, das herunterlädt, endete unerwartet: {said}.',
  notAsNamed:
    'Ihrem Namen nach ist es eine {format}-Datei, aber sie beginnt nicht wie eine, und auch sonst ist nichts sicher zu erkennen.',
  looksOtherThanNamed:
    'Ihrem Namen nach ist es eine {format}-Datei, aber sie beginnt nicht wie eine. Sie sieht aus wie {file}.',
  hardLinks: 'Sie hat weitere Namen (harte Links): Was unter diesen steht, würde sich mit ändern.',
  underLoop: 'Sie ist in Gebrauch: Das Loop-Gerät {loop} liegt darauf.',
  fileUsedAsSwap: 'Sie wird als Swap benutzt.',
  partOfOthers:
    '{part}, das zuerst geschrieben würde, gibt es schon, und keiner Ihrer unterbrochenen Aufträge hat es hinterlassen.',
  partInTheWay:
    '{part}, das zuerst geschrieben würde, gibt es schon, und es ist keine gewöhnliche Datei mit nur einem Namen.',
  isSource: 'Es ist die Quelle.',
  isSourceAs: 'Es ist die Quelle unter einem anderen Namen ({path}).',
  partOfSource: 'Es ist ein Teil der Quelle.',
  sourceLiesOnIt: 'Die Quelle liegt darauf.',
  partIsSource: 'Es würde zuerst als {part} geschrieben, und das ist die Quelle.',
  tooSmall: 'Es fasst {holds}, {missing} weniger als die Quelle {writing, select, yes {braucht} other {hat}}.',
  tooSmallForZeros:
    'Es fasst {holds}, {missing} weniger als die Quelle braucht. Der Teil der Quelle, der nicht passt, enthält nur Nullen.',
  tooSmallForPartitions:
    'Es fasst {holds}, {missing} weniger als die Quelle braucht. Die Partitionen der Quelle enden bei {end}.',
  otherLength: 'Es ist {has} lang, die Quelle ist {needs} lang: Es ist der Quelle nicht gleich.',
  nothingCompared: 'Das Manifest hat für keinen Teil davon einen Hash: Nichts wurde verglichen.',
  fatLimit: 'Sein Dateisystem (FAT) nimmt keine Datei von mehr als {longest}.',
  fileLimit: 'Sein Dateisystem ({fileSystem}) nimmt keine Datei von mehr als {longest}.',
  forbiddenName:
    '{fileSystem} nimmt in einem Namen keine Steuerzeichen und keines der Zeichen " * : < > ? \\ | an, und am Ende weder Punkt noch Leerzeichen.',
  nameRefused: 'Das Dateisystem dort nimmt diesen Namen nicht an (das System meldete {errno}).',
  noRoom: 'In seinem Dateisystem fehlt freier Platz: {missing}.',
  namedTwice: 'Es ist zweimal genannt.',
  sameAs: 'Es ist dasselbe wie {path}.',
  overlaps: 'Es überschneidet sich mit {path}.',
  otherNameFirst: 'Eines der beiden würde zuerst unter dem Namen des anderen geschrieben.',
  fileOnIt: 'Es lässt sich nicht aushängen: {file} liegt darauf.',
  partitionOpen: 'Eine Partition darauf ist in einem anderen Programm geöffnet.',
  openIn:
    '{device} ist geöffnet in {users}{more, plural, =0 {} one { und # weiteren Programm} other { und # weiteren Programmen}}.',
  mountedElsewhere: '{device} ist in einem anderen Mount-Namensraum, dem von {user}, unter {target} eingehängt.',

  deadLink: 'Es ist ein Link auf etwas, das es nicht gibt.',
  oddKind:
    'Es ist {what, select, directory {ein Ordner} pipe {eine Pipe} socket {ein Socket} other {ein zeichenorientiertes Gerät}}, weder ein Laufwerk noch eine Datei.',
  notPlain:
    'Es ist {what, select, directory {ein Ordner} link {ein Link} disk {ein Laufwerk} pipe {eine Pipe} socket {ein Socket} other {ein zeichenorientiertes Gerät}}; hier wird eine gewöhnliche Datei gebraucht.',
  deviceFolder: 'Dort ist ein Platz für Geräte, nicht für Dateien.',
  cameOrWent: 'Die Liste der Geräte hat sich geändert, während sie gelesen wurde.',
  noDevice: 'Es gibt kein solches Gerät.',
  noDirectory: 'Es gibt keinen solchen Ordner.',
  directory:
    'Der Ordner {directory} {state, select, missing {ist nicht da} refused {ist für Sie nicht beschreibbar} other {liegt auf einem schreibgeschützten Dateisystem}}.',
  folderMoved: 'An der Stelle des Ordners {directory} ist jetzt eine Verknüpfung.',
  identityChanged: 'Es ist nicht mehr, was es eben war: Identität oder Größe haben sich geändert.',
  firstSectorGone: 'Der erste Sektor ist nicht lesbar: Das Laufwerk ist weg.',
  firstSector: 'Der erste Sektor ist nicht lesbar. {reason}',
  fileTooLong: 'Die Datei hat {bytes}; keine ihrer Art hat mehr als {most}.',

  noJob: 'Es gibt keinen unterbrochenen Auftrag {id}.',
  notAnId: '„{id}“ ist keine Kennung eines Auftrags.',
  jobRuns: 'Der Auftrag {id} läuft gerade.',
  nothingLeft: 'Vom Auftrag {id} ist nichts mehr zu tun.',
  writtenByJob:
    'Vom Auftrag {id} ist nichts mehr zu tun: Was er nicht fertig geschrieben hatte, hat seitdem der Auftrag {by} beschrieben.',
  writtenByOthers:
    'Vom Auftrag {id} ist nichts mehr zu tun: Was er nicht fertig geschrieben hatte, hat seitdem ein anderer Auftrag beschrieben.',
  sourceWasWrong:
    'Der Auftrag {id} kann nicht fortgesetzt werden: Seine Quelle ist beschädigt oder nicht die Datei, die sie sein muss.',
  noSourceInLog: 'Das Protokoll dieses Auftrags nennt keine Quelle.',
  somethingElse: 'Als der Auftrag begann, war es etwas anderes.',
  anotherDrive: 'Es ist ein anderes Laufwerk: {now}. Begonnen hat der Auftrag mit: {then}.',
  anotherFile: 'Es ist eine andere Datei als zu Beginn des Auftrags.',
  writtenSince: 'Seit Beginn des Auftrags wurde darauf geschrieben.',
  changedSince: 'Es hat sich seit Beginn des Auftrags geändert: Eine Stichprobe ist nicht, was damals gelesen wurde.',
  fileSystemChanged:
    'Ein Dateisystem darauf hat sich seit Beginn des Auftrags geändert. Die Kopie wäre von zwei Zeitpunkten.',
  overwrittenSince:
    'Seit der Unterbrechung des Auftrags wurde darauf geschrieben: Eine Stichprobe ist nicht, was kopiert wurde.',
  anotherMedium:
    'Was darauf ist, hat dieser Auftrag nicht darauf kopiert: Es ist ein anderes Medium, oder das Laufwerk verliert Daten.',
  mediumUnknown:
    'Es wurde herausgenommen, bevor dieser Auftrag etwas Vergleichbares darauf geschrieben hatte. Es kann jetzt ein anderes Medium sein.',
  onlyPart: 'Es gibt nur {part}, das unvollständige Abbild eines Auftrags, der nicht fertig ist.',
  partMissing: 'Das unvollständige Abbild ist nicht mehr da.',
  partReplaced: 'Das unvollständige Abbild ist eine andere Datei als die begonnene.',
  mapWithoutImage: 'Laut der Map-Datei ist ein Teil davon gerettet, aber es gibt kein solches Abbild.',
  anotherThanAsked:
    'Während nach dem Recht gefragt wurde, es zu öffnen, wurde es gegen ein anderes Laufwerk getauscht.',
  notFailed: 'Hier gibt es nichts zu wiederholen: Es ist nicht fehlgeschlagen, oder der Auftrag ist beendet.',
  isDone: 'Es ist fertig.',
  stillWaits: 'Das System wartet noch auf eine Antwort dieses Laufwerks; so lange kann darauf nichts gestartet werden.',
  joinTooLate: 'Der Auftrag ist beendet oder hält an. Nichts kann mehr dazukommen.',
  joinOnlyCopies: 'Ein Laufwerk kann nur zu einer Kopie dazukommen, nicht zu einer Rettung.',
  joinOnlyDisks: 'Nur ein ganzes Laufwerk kann zu einem laufenden Auftrag dazukommen.',

  mountedMeanwhile: '{device} wurde inzwischen unter {target} eingehängt.',
  mountedOver:
    '{device} lässt sich nicht von {target} aushängen: {other} ist {where, select, over {darüber} other {darin}} eingehängt, unter {at}.',
  takesAway:
    '{device} von {target} auszuhängen nähme {file} weg: Diese Datei ist auf {other}, {where, select, over {darüber} other {darin}} eingehängt, unter {at}.',
  mountedAgain: 'Es wird wieder eingehängt, sobald es ausgehängt ist.',
  stillUsed:
    '{device} lässt sich nicht von {target} aushängen: in Gebrauch durch {users}{more, plural, =0 {} one { und # weiteres Programm} other { und # weitere Programme}}.',
  notUnmounted: '{device} lässt sich nicht von {target} aushängen: {said}.',
  filesInUse:
    '{device} lässt sich nicht von {target} aushängen: Dateien darauf werden als Swap oder von Loop-Geräten benutzt.',
  stuckUnmounting:
    '{device} ist nicht von {target} ausgehängt: Das Laufwerk antwortet seit {seconds, plural, one {# Sekunde} other {# Sekunden}} nicht.',
  stuckUnmountingUsed:
    '{device} ist nicht von {target} ausgehängt: Das Laufwerk antwortet seit {seconds, plural, one {# Sekunde} other {# Sekunden}} nicht; geöffnet von {users}{more, plural, =0 {} one { und # weiteren Programm} other { und # weiteren Programmen}}.',
  noDisk: 'Es ist kein Laufwerk.',
  jobHasIt: 'Der Auftrag, der vorbereitet ist oder läuft, hat es in Gebrauch.',
  loopDevice: 'Es ist ein Loop-Gerät: Da gibt es nichts herauszunehmen.',
  noSwitch: 'Das System kann es nicht abschalten.',
  notLetGo: 'Es ist abgeschlossen und ausgehängt, aber das System hat es nicht freigegeben.',
  stuckEjecting:
    'Es ist ausgehängt, aber nicht abgeschaltet: Das Laufwerk antwortet seit {seconds, plural, one {# Sekunde} other {# Sekunden}} nicht.',
  needsUdisks: 'Es abzuschalten verlangt udisks oder die Rechte eines Administrators.',
  notSwitchedOff: 'Es wurde nicht abgeschaltet: {said}.',

  tooMany:
    '{count, plural, one {# Ziel ist} other {# Ziele sind}} mehr als die {most, number}, die ein Auftrag haben kann.',
  rescueOnZoned:
    'Eine Rettung schreibt nicht der Reihe nach. Dieses Laufwerk lässt das nicht zu: Seine Zonen müssen von vorn nach hinten geschrieben werden.',
  memoryBounds: 'Platter arbeitet mit 64 KiB bis 1 GiB Speicher für die Daten in Übertragung, nicht mit {memory}.',
  retriesBounds: 'Eine Rettung kann 0 bis {most} neue Versuche haben, nicht {retries}.',
  threadsBounds: '1 bis {most} Prozesse können ein Abbild packen, nicht {threads}.',
  splitBounds: 'Ein Teil hat eine ganze Zahl von MiB, mindestens eines, nicht {split} Bytes.',
  splitMany: 'Das wären mehr als {most, number} Teile von {size}. Wählen Sie längere.',
  splitWhole:
    '{job, select, update {Ein Abbild in Teilen kann nicht an Ort und Stelle aktualisiert werden.} rescue {Eine Rettung kann kein Abbild in Teilen schreiben. Retten Sie zuerst in eine einzelne Datei.} other {Eine Kopie in ein Abbild in Teilen lässt sich nicht fortsetzen.}}',
  nothingSplit: 'Kein Ziel ist ein neues Abbild, also gibt es nichts in Teilen zu schreiben.',
  nothingAnonymous:
    'Nur ein neues Abbild in .zst und ein Manifest nennen die Quelle. Keines davon wird geschrieben: --anonymous hat nichts wegzulassen.',
  pieceInTheWay: '{piece} ist schon da und gehört nicht zu dem Abbild, das dieser Auftrag ersetzt.',
  amongPieces:
    'Es hieße wie ein Teil von {whole}, und daneben {count, plural, one {liegt ein anderer Teil ({first})} other {liegen # andere Teile ({first} bis {last})}}: Beim Lesen werden sie zusammengefügt.',
  onePiece: 'Es ist ein einzelner Teil des zerlegten Abbilds {whole}.',
  levelBounds: 'Die Stufen von {format} sind {least} bis {most}, nicht {level}.',
  nothingPacked:
    'Ein Format, eine Stufe oder eine Zahl von Prozessen ist angegeben, aber kein Ziel wird gepackt. Nennen Sie eine Abbilddatei, die auf .zst, .xz, .gz oder .qcow2 endet, oder geben Sie --format an.',
  noImage: 'Nur Abbilddateien werden gepackt, und kein Ziel ist eine, aber {format} ist als ihr Format angegeben.',
  namedPacked: 'Sein Name sagt {named}, aber das Abbild würde nicht gepackt.',
  namedUnwritten: 'Sein Name sagt {named}, aber so etwas schreibt Platter nicht: Das Abbild wäre unverpackt.',
  namedOther: 'Sein Name sagt {named}, aber das Abbild würde als {format} gepackt.',
  wholeSectors:
    'Ein qcow2-Abbild enthält ganze Sektoren zu 512 Byte. Die Quelle hat {bytes} Byte, {over} zu viel. Kopieren Sie sie in ein unverpacktes Abbild oder nach .zst.',
  packedImage:
    '{job, select, update {Ein gepacktes Abbild kann nicht an Ort und Stelle aktualisiert werden.} rescue {Eine Rettung kann kein gepacktes Abbild schreiben. Retten Sie zuerst in ein unverpacktes Abbild, und packen Sie dieses.} verify {Es ist ein gepacktes Abbild. Geben Sie es als Quelle an, um es mit einem Laufwerk zu vergleichen.} resume {Eine Kopie in ein gepacktes Abbild kann nicht fortgesetzt werden.} other {Ein gepacktes Abbild kann nicht an Ort und Stelle repariert werden.}}',
  timeoutBounds: 'Die Zeit für eine Antwort muss zwischen 0 und {most} Sekunden liegen, nicht bei {seconds}.',
  limitBounds: 'Ein Geschwindigkeitslimit muss mindestens ein Byte pro Sekunde sein, nicht {limit}.',
  relativePath: 'Der Pfad ist nicht absolut.',
  chunkMemory: 'Der Speicher reicht nicht für Stücke von {chunk}, wie sie vorher gemacht wurden.',
  manifestMemory: 'Der Speicher reicht nicht für ein Manifest: Seine Stücke hätten {chunk}.',
  noSuchDestination: 'Der Auftrag hat kein Ziel {index}: Es {count, plural, one {gibt # Ziel} other {gibt # Ziele}}.',
  fileTaken: 'In diesem Auftrag ist es schon etwas anderes: Nennen Sie eine andere Datei.',

  manifestOfOtherSource: 'Es ist schon da, und das Manifest einer anderen Quelle: {path}.',
  notReplaceable: 'Es ist schon da, und kein Manifest, das ersetzt werden könnte: {reason}',
  manifestOfOther: 'Es ist das Manifest von {bytes}; die Quelle hat {source, number}.',
  manifestOfOtherData: 'Es wurde von einer anderen Quelle gemacht: Bei {place} hat diese andere Daten.',
  mapOfOther: 'Es ist die Map-Datei von {bytes}; die Quelle hat {source, number}.',
  formatVersion: 'Sein Format hat die Version {version} (Byte 16); dieses Programm kennt Version {known}.',
  manifestTooShort: 'Ein Manifest hat mehr als {bytes} Byte.',
  noManifest: 'Es beginnt nicht wie ein Manifest (Byte 0 bis 15).',
  manifestGone: 'Dieses Manifest wird nicht mehr aufbewahrt: nur die der letzten Aufträge.',
  manifestHeaderLength: 'Es kündigt einen Kopf von {length} Byte an (Byte 20), für den kein Platz ist.',
  manifestLength:
    'Es hat {has} Byte, sein Kopf (Byte 24) verlangt {wants}: Es wurde abgeschnitten, oder etwas folgt darauf.',
  manifestDigest: 'Seine Prüfsumme (Byte {at}) ist nicht die des Inhalts: Es wurde verändert oder beschädigt.',
  manifestHeaderNotJson: 'Sein Kopf (Byte 24) ist kein JSON in UTF-8.',
  manifestHeaderWrong: 'Sein Kopf (Byte 24) ist nicht der eines Manifests: {said}.',
  manifestHeaderSpelling: 'Sein Kopf (Byte 24) ist nicht genau so geschrieben, wie Platter ihn schreibt.',
  manifestHeaderLong: 'Ein Kopf von {length} Byte ist länger als die erlaubten {most}.',
  manifestUnwritable: 'Das lässt sich nicht als Manifest schreiben: {said}.',
  manifestParts: '{bitmap} Byte Bitmap und {hashes} Byte Hashes passen nicht zu {chunks} Stücken.',
  manifestBeyond: 'Seine Bitmap nennt Stücke nach dem letzten, {last}.',
  manifestHash: 'Sein Stück {chunk} hat einen Hash, laut seiner Bitmap aber keinen.',
  noLog: 'Es beginnt nicht wie ein Auftragsprotokoll (Byte 0 bis 15).',
  logTooShort: 'Es endet vor seinem Kopf (Byte 16).',
  logHeaderDamaged: 'Sein Kopf (Byte 20) ist abgeschnitten oder beschädigt.',
  logHeaderOther: 'Sein Kopf (Byte 20) ist keiner, den diese Version von Platter schreibt: {said}.',
  logContradicts: 'Sein Kopf (Byte 20) widerspricht sich: {said}.',
  logDamaged: 'Es ist beschädigt, deshalb zählt nichts darin.',
  logUnwritable: 'Das lässt sich nicht protokollieren: {said}.',
  logRecordLong: 'Ein Eintrag „{type}“ von {length} Byte ist länger als die erlaubten {most}.',
  mapEmpty: 'Die Map-Datei hat keine Statuszeile: Sie ist leer oder wurde nicht zu Ende geschrieben.',
  mapGap: 'Zeile {line} der Map-Datei: Der Bereich beginnt bei {begins}, der vorige endet aber bei {expected}.',
  mapNoStatus: 'Zeile {line} der Map-Datei: „{text}“ ist keine Statuszeile.',
  mapNoRange: 'Zeile {line} der Map-Datei: „{text}“ ist kein Bereich.',
  mapEmptyRange: 'Zeile {line} der Map-Datei: Der Bereich ist leer.',
  mapLongLine: 'Zeile {line} der Map-Datei hat {bytes}; keine Zeile hat mehr als {most}.',
  mapState: '{state} ist kein Stand einer Rettung.',
  mapOrder: 'Der Bereich {range} schließt nicht an den vorigen an.',

  noMemory: 'Das Kopierprogramm bekommt hier seinen Speicher nicht: Das System meldet {errno}.',
  noBackend:
    'Das Kopierprogramm bekommt hier {io, select, auto {keinen Weg zu den Geräten} uring {den Weg „uring“ zu den Geräten nicht} other {den Weg „threads“ zu den Geräten nicht}}: Das System meldet {errno}.',
  lsblkSilent:
    'Die Laufwerke lassen sich nicht lesen: lsblk hat {seconds} s lang nicht geantwortet; vielleicht hängt ein Gerät.',
  lsblkFailed: 'Die Laufwerke lassen sich nicht lesen: lsblk ist fehlgeschlagen: {said}.',
  lsblkOdd:
    'Die Laufwerke lassen sich nicht lesen: lsblk hat etwas anderes als eine Liste von Geräten ausgegeben ({said}).',
  noNews: 'Das System meldet Platter nicht, wenn Laufwerke kommen und gehen ({errno}).',
  cancelledOpening: 'Abgebrochen, während die Geräte geöffnet wurden; es wurde nichts geschrieben.',
  notPrepared: 'Es ist nichts vorbereitet.',
  notRunning: 'Es läuft kein Auftrag.',
  hostBusy: 'Ein anderer Auftrag ist vorbereitet oder läuft; es geht nur einer auf einmal.',
  addonFailed: 'Das Kopierprogramm ließ sich nicht laden: {said}.',
  notARequest: 'An das Kopierprogramm ging etwas, das keine Anforderung ist: {said}',
  badFrame: 'Was vom Kopierprogramm verlangt wurde, ist keine Nachricht, die es annimmt: {said}',
  hostFailed: 'Das Kopierprogramm ist ausgefallen: {end}.',
  hostFailedSaying: 'Das Kopierprogramm ist ausgefallen: {end}. Zuletzt meldete es „{said}“.',
  hostEnded: 'Das Kopierprogramm hat sich beendet.',
  elevationCancelled:
    '{devices} zu öffnen verlangt die Rechte eines Administrators, und die Passwortabfrage wurde abgebrochen.',
  elevationNoAgent:
    '{devices} zu öffnen verlangt die Rechte eines Administrators, und niemand kann danach gefragt werden: In dieser Sitzung läuft kein Polkit-Agent.',
  elevationDenied:
    '{devices} zu öffnen verlangt die Rechte eines Administrators, und das System hat sie nicht erteilt.',
  pkexecFailed:
    '{devices} zu öffnen verlangt die Rechte eines Administrators, und pkexec konnte sie nicht bekommen: {said}.',
  sudoFailed: '{devices} zu öffnen verlangt die Rechte eines Administrators, und sudo hat sie nicht erteilt: {said}.',
  brokerEnded: 'Das Programm, das für Platter Laufwerke öffnet, endete, bevor es geantwortet hat.',
  brokerUnknown: 'Das Programm, das für Platter Laufwerke öffnet, gab eine Antwort, die Platter nicht kennt.',
  brokerRefused: 'Das Programm, das für Platter Laufwerke öffnet, hat die Anfrage abgelehnt ({status}, {said}).',

  nothingReviewed: 'Es gibt keinen zusammengefassten Auftrag, der gestartet werden könnte.',
  nothingRuns: 'Es läuft kein Auftrag, der sich ändern ließe.',
  anotherReview: 'Die Zusammenfassung hat sich geändert.',
  shownTooShortly: 'Die Zusammenfassung war zu kurz auf dem Bildschirm.',
  noPress: 'Platter hat in seinem Fenster weder einen Klick noch eine Taste bemerkt.',
  notHeld: 'Platter hat nicht bemerkt, dass die Schaltfläche gehalten wurde.',
  notTyped: 'Platter hat nicht bemerkt, dass das Wort eingetippt wurde.',
  notGiven: 'Niemand hat diese Datei in Platter gewählt.',
  stillChecking: 'Eine andere Anforderung wird noch geprüft.',
  stationNoSerial: 'Es meldet keine Seriennummer. Platter könnte nicht erkennen, ob es schon fertig ist.',
  stationDone: 'Ein Laufwerk mit der Seriennummer {serial} ist in dieser Serie schon fertig.',
  stationTwice: 'Zwei Laufwerke haben die Seriennummer {serial}. Platter kann sie nicht unterscheiden.',
  stationSize: 'Es fasst {size}. Die Station nimmt Laufwerke von {least} bis {most}.',
  stationModel: 'Die Station nimmt nur Laufwerke mit „{model}“ im Modellnamen.',
  stationUsed: 'Es enthält Daten, und die Station löscht keine benutzten Laufwerke.',
  stationUnread:
    'Sein Inhalt war nicht lesbar. Es könnte Daten enthalten, und die Station löscht keine benutzten Laufwerke.',
  stationSeveral: 'In diesem Schacht sind mehrere Laufwerke.',
  stationSource: 'Es ist die Quelle.',
  stationOther: 'Es ist nicht das Laufwerk, das eingesteckt wurde.',
  stationStopped: 'Sie haben die Station angehalten.',
  stationCount:
    '{count, plural, one {Das vorgesehene Laufwerk ist fertig.} other {Alle # vorgesehenen Laufwerke sind fertig.}}',
  stationSourceGone: 'Die Quelle ist nicht mehr da.',
  stationSourceChanged: 'Die Quelle hat sich geändert, seit die Station scharf ist.',
  stationSlept: 'Der Rechner war im Standby.',
  stationBays: 'Die Schächte wurden neu nummeriert oder benannt.',
  stationPage: 'Das Fenster wurde geschlossen oder neu geladen; der Countdown war nicht sichtbar.',
  stationArmed: 'Die Station ist scharf und startet Laufwerke selbst.',
  stationNotProposed: 'Die Station hat sich geändert.',
  stationNoBay: 'Die Station nennt einen Schacht, den es nicht gibt.',
  stationPlainOnly:
    'Die Station schreibt nur ganze Quellen: kein Aktualisieren, keine Rettung, kein neues Manifest, keine angeblich leeren Laufwerke.',
  stationJobRuns: 'Ein Auftrag läuft noch.',
  notOurPage: 'Nur das Fenster von Platter selbst darf {call} aufrufen.',
  notTheContract: 'Die Angaben zu {call} sind nicht die vereinbarten.',
  unreachable: 'Das Fenster hat den Rest von Platter nicht erreicht: {said}',
  baysDamaged: 'Die Datei mit den Nummern der Schächte ist beschädigt. Deshalb hat kein Laufwerk eine Nummer.',
  settingsDamaged: 'Die Datei mit den Einstellungen war beschädigt: Platter nimmt seine Voreinstellungen.',
  historyEmpty: 'Noch ist kein Auftrag beendet: Der Verlauf ist leer.',
  noRecordOf: 'Im Verlauf ist kein Auftrag „{id}“.',
  noRecord: 'Es ist keine Aufzeichnung eines Auftrags, die diese Version von Platter lesen kann.',
  notRecorded: 'Dieser Auftrag ist nicht im Verlauf. {reason}',
};
