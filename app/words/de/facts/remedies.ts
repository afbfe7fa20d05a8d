import type { Translated } from '../../en/catalogue.ts';
import type { remedies as english } from '../../en/facts/remedies.ts';

export const remedies: Translated<typeof english> = {
  MEDIUM_ERROR: 'Ersetzen Sie dieses Laufwerk; die anderen Ziele sind nicht betroffen.',
  DEVICE_GONE:
    'Prüfen Sie Kabel, Anschluss und Strom, stecken Sie das Laufwerk wieder an und wiederholen Sie den Auftrag dafür.',
  NO_SPACE: 'Schaffen Sie dort Platz, wohin das Abbild geht, oder wählen Sie einen anderen Ort.',
  READ_ONLY: 'Heben Sie den Schreibschutz auf, oder nehmen Sie ein anderes Laufwerk.',
  TIMED_OUT:
    'Versuchen Sie einen anderen Anschluss oder ein anderes Kabel; ersetzen Sie das Laufwerk, wenn es wieder geschieht.',
  STALLED: 'Ziehen Sie es ab, prüfen Sie Kabel und Anschluss, und nehmen Sie ein anderes, wenn es wieder geschieht.',
  SOURCE_CHANGED:
    'Hängen Sie die Quelle aus, oder schließen Sie, was auf sie schreibt, und kopieren Sie neu auf dieses Ziel.',
  VERIFY_MISMATCH:
    'Verwenden Sie diese Kopie nicht; schreiben Sie sie neu, und ersetzen Sie das Laufwerk, wenn es wieder geschieht.',
  CANCELLED: 'Starten Sie den Auftrag neu, um diese Kopie fertigzustellen; so ist sie nicht vollständig.',
  SOURCE_FAILED: 'Verwenden Sie diese Kopie nicht; wiederholen Sie den Auftrag, wenn die Quelle lesbar ist.',
  IO_ERROR:
    'Suchen Sie die Ursache im Protokoll des Kernels (dmesg), dann versuchen Sie einen anderen Anschluss oder ein anderes Laufwerk.',
  NOT_FOUND: 'Prüfen Sie den Pfad, oder stecken Sie das Laufwerk wieder an.',
  NOT_PERMITTED: 'Öffnen Sie es mit den Rechten eines Administrators: Starten Sie Platter mit sudo.',
  ELEVATION_DENIED:
    'Bitten Sie jemanden, der diesen Rechner verwaltet, oder melden Sie sich als ein solcher Benutzer an.',
  ELEVATION_CANCELLED:
    'Versuchen Sie es noch einmal und geben Sie das Passwort ein, oder wählen Sie Laufwerke, die Sie öffnen dürfen.',
  NO_AGENT:
    'Starten Sie einen Polkit-Agenten (Desktops bringen einen mit, zum Beispiel polkit-gnome oder lxpolkit), oder nehmen Sie die Befehlszeile mit sudo.',
  NOT_BLOCK_OR_FILE: 'Nennen Sie ein Laufwerk, eine Partition oder eine Abbilddatei.',
  SOURCE_EMPTY: 'Wählen Sie eine Quelle, die etwas enthält.',
  SOURCE_UNREADABLE: 'Prüfen Sie Kabel und Laufwerk, oder wählen Sie eine andere Quelle.',
  DOWNLOAD_FAILED:
    'Prüfen Sie das Netz, und versuchen Sie es noch einmal: Das Herunterladen geht weiter, wo es stehen blieb.',
  NOT_AN_IMAGE: 'Wählen Sie das Abbild selbst, oder schreiben Sie die Bytes dieser Datei, wie sie sind.',
  IS_SOURCE: 'Wählen Sie ein anderes Ziel: Dieses zu beschreiben würde die Quelle zerstören.',
  IS_SYSTEM: 'Wählen Sie ein anderes Ziel: Dieses wird nie beschrieben.',
  MOUNTED:
    'Hängen Sie alles darauf aus, oder überlassen Sie es Platter (--unmount auf der Befehlszeile), dann versuchen Sie es noch einmal.',
  IN_USE: 'Schließen Sie das Programm, das es benutzt, dann versuchen Sie es noch einmal.',
  TOO_SMALL: 'Wählen Sie ein größeres Ziel, oder lassen Sie dieses weg.',
  DUPLICATE: 'Nennen Sie jedes Ziel nur einmal.',
  TOO_MANY: 'Verteilen Sie die Ziele auf mehrere Aufträge.',
  CHANGED: 'Lesen Sie die Laufwerke neu und prüfen Sie, welches welches ist.',
  NOT_EJECTABLE: 'Lassen Sie es, wo es ist, oder schalten Sie den Rechner aus, um es herauszunehmen.',
  CONFIRM: 'Sehen Sie nach, was verloren ginge, dann bestätigen Sie es (--yes auf der Befehlszeile).',
  BAD_ARGUMENT: 'Ändern Sie das, dann versuchen Sie es noch einmal.',
  BAD_IMAGE: 'Laden Sie die Datei noch einmal, und vergleichen Sie ihre Prüfsumme mit der des Herausgebers.',
  getSigned: 'Verwenden Sie sie nicht. Holen Sie Datei, Liste und Signatur noch einmal vom Herausgeber.',
  getSignature: 'Holen Sie die Signatur vom Herausgeber und legen Sie sie neben die Datei, oder lassen Sie --key weg.',
  otherKey: 'Geben Sie mit --key den Schlüssel des Herausgebers an, wenn Sie sicher sind, wem er gehört.',
  installGpgv: 'Installieren Sie gpgv (das Paket heißt ebenso), oder lassen Sie --key weg.',
  otherList: 'Geben Sie eine Liste an, die eine Prüfsumme der Quelle unter deren jetzigem Namen enthält.',
  giveChecksum: 'Fragen Sie den Herausgeber, welche stimmt, und geben Sie diese an: --sha256 HEX.',
  otherBmap: 'Holen Sie die bmap-Datei genau dieses Abbilds, oder lassen Sie --bmap weg.',
  withoutBmap:
    'Holen Sie die bmap-Datei genau dieses Abbilds, oder verschieben Sie sie. Um ohne sie das ganze Abbild zu schreiben: --ignore-bmap auf der Befehlszeile.',
  withoutUsed: 'Entpacken Sie die Quelle erst, oder lassen Sie --used weg.',
  mapOrNoZeros: 'Geben Sie --bmap DATEI oder --used an, oder lassen Sie --zero-unmapped weg.',
  chooseEntry: 'Nennen Sie das Abbild mit --entry, oder entpacken Sie es selbst.',
  otherUnpacker: 'Entpacken Sie sie mit einem anderen Programm, und kopieren Sie das Abbild daraus.',
  flattenDisk:
    'Machen Sie aus allen ihren Dateien zuerst ein Abbild ({command}), wenn Sie ihnen vertrauen: Dieser Befehl öffnet jede Datei, die sie nennen.',
  decryptDisk: 'Machen Sie daraus ein Abbild mit dem Programm, das den Schlüssel hat, und kopieren Sie dieses.',
  repairDisk: 'Reparieren Sie zuerst eine Kopie davon ({command}), und versuchen Sie es dann noch einmal.',
  otherDownloader: 'Laden Sie die Datei mit einem Browser oder von einem anderen Server und geben Sie ihren Pfad an.',
  checkUrl: 'Prüfen Sie die Adresse und das Netz, und versuchen Sie es noch einmal.',
  otherUrl:
    'Nennen Sie eine Adresse, die mit http:// oder https:// beginnt, oder laden Sie die Datei zuerst mit einem anderen Programm herunter.',
  takeImageOut:
    'Entpacken Sie es ({command}) und wählen Sie das Abbild, das darin war, oder schreiben Sie seine Bytes, wie sie sind.',
  checkRightFile:
    'Prüfen Sie, ob es die richtige Datei ist. Sollen die entpackten Bytes trotzdem auf ein Laufwerk, entpacken Sie sie zuerst selbst ({command}) und schreiben Sie dann das Ergebnis, wie es ist.',
  checkCertificate:
    'Prüfen Sie die Adresse und die Uhr dieses Computers. Gehört der Server Ihnen, fügen Sie seine Zertifizierungsstelle denen des Systems hinzu, oder nennen Sie ihre Datei in SSL_CERT_FILE.',
  checkProxy: 'Berichtigen Sie den Proxy (http_proxy, https_proxy, no_proxy), und versuchen Sie es noch einmal.',
  urlRights:
    'Schreiben Sie Namen und Passwort in die Adresse, oder besorgen Sie sich eine Adresse, die noch gültig ist.',
  tryLater: 'Versuchen Sie es später noch einmal: Das Herunterladen geht weiter, wo es stehen blieb.',
  otherDownloadFolder:
    'Schaffen Sie dort Platz, oder wählen Sie einen anderen Ordner für Downloads (--download-dir auf der Befehlszeile).',
  raiseDownloadLimit: 'Prüfen Sie die Adresse, oder erlauben Sie mehr (--download-limit auf der Befehlszeile).',
  DECODER_FAILED:
    'Schließen Sie Programme, um Speicher frei zu machen, und setzen Sie dann den Auftrag fort, oder starten Sie ihn neu, wenn er sich nicht fortsetzen lässt.',
  moreFiles:
    'Lassen Sie mehr offene Dateien zu (ulimit -n 1024), und starten Sie den Auftrag neu, oder setzen Sie ihn fort.',
  getAgainOrAsIs:
    'Sie ist wahrscheinlich beschädigt: Laden Sie sie noch einmal, und vergleichen Sie ihre Prüfsumme mit der des Herausgebers. Soll sie so sein, schreiben Sie ihre Bytes, wie sie sind.',
  BAD_FILE: 'Nennen Sie eine andere Datei, oder verzichten Sie darauf.',
  NOTHING_TO_DO: 'Lesen Sie die unterbrochenen Aufträge neu, oder starten Sie eine neue Kopie.',
  HOST_FAILED: 'Vertrauen Sie nicht auf das, was gerade geschrieben wurde; starten Sie den Auftrag neu.',
  ENGINE_UNAVAILABLE:
    'Installieren Sie Platter neu, oder wählen Sie einen anderen Weg zu den Geräten (--io auf der Befehlszeile).',

  said: '{text}',
  ownFiles:
    'Platter öffnet Dateien mit den Rechten des Benutzers, unter dem es läuft, gleich wer es gestartet hat. Geben Sie diesem Benutzer Zugriff auf die Datei, oder wählen Sie eine andere Datei oder einen anderen Ordner.',
  otherCopy: 'Nehmen Sie eine andere Kopie dieser Daten, wenn es eine gibt: Dieses Laufwerk fällt aus.',
  checkSource: 'Prüfen Sie Kabel, Anschluss und Strom der Quelle, dann wiederholen Sie den Auftrag.',
  cutZeros: 'Wählen Sie ein größeres Ziel, oder schneiden Sie die Nullen am Ende der Quelle ab ({command}).',
  getAgainOrUnpack:
    'Vergleichen Sie ihre Prüfsumme mit der des Herausgebers. Ist sie eine andere, laden Sie die Datei noch einmal; stimmt sie, entpacken Sie die Datei zuerst selbst ({command}).',
  unpackToOpen: 'Entpacken Sie es zuerst in ein Abbild ({command}), und öffnen Sie dieses.',
  bringPieces:
    'Legen Sie alle Teile in einen Ordner. Wenn die Datei kein Teil ist, lassen Sie ihre Bytes unverändert schreiben.',
  wholeFolder: 'Bringen Sie den ganzen Ordner, oder wählen Sie das Abbild einer Partition darin, etwa {image}.',
  nameThatPiece: 'Nennen Sie diesen: {first}',
  sourceFirst:
    'Prüfen Sie den Pfad. Um {destination} zu kopieren, nennen Sie es zuerst: Die Quelle steht vor dem Ziel.',
  nameFirstPiece: 'Wählen Sie {first}. Wenn die Datei kein Teil ist, lassen Sie ihre Bytes unverändert schreiben.',
  bringFirstPiece:
    'Legen Sie alle Teile in einen Ordner, und wählen Sie den ersten. Wenn die Datei kein Teil ist, lassen Sie ihre Bytes unverändert schreiben.',
  removePieces:
    'Wählen Sie einen anderen Namen, entfernen Sie zuerst die anderen Teile, oder schreiben Sie {whole} in Teilen (--split).',
  compareWhole: 'Alle Teile werden als eines gelesen, wenn der erste die Quelle ist: {command} vergleicht sie.',
  newImage: 'Schreiben Sie stattdessen ein neues Abbild.',
  writtenEndings:
    'Lassen Sie den Namen auf .img enden für ein unverpacktes Abbild, auf .qcow2 für eine virtuelle Maschine oder auf .zst für ein gepacktes.',
  otherEnding: 'Lassen Sie den Namen auf {ending} enden, oder geben Sie kein Format an, damit der Name entscheidet.',
  imageOrNoFormat: 'Nennen Sie eine Abbilddatei, oder geben Sie kein Format an.',
  imageOrNamed: 'Nennen Sie ein Abbild in .zst oder ein Manifest (--manifest DATEI), oder lassen Sie --anonymous weg.',
  closeImage: 'Schließen Sie es zuerst: {command}',
  closeAsRoot: 'Schließen Sie es als root: {command}',
  getWhole: 'Holen Sie das ganze Abbild, oder verwenden Sie die Partitionen, die da sind.',
  checkFolder: 'Prüfen Sie den Pfad des Ordners.',
  emptyFolder: 'Nennen Sie einen leeren Ordner, oder einen, den es noch nicht gibt.',
  installFuse: 'Installieren Sie das Paket fuse3, und prüfen Sie, ob Sie /dev/fuse lesen und schreiben dürfen.',
  unpackFirst: 'Machen Sie daraus zuerst ein Abbild ({command}), oder schreiben Sie die Bytes, wie sie sind.',
  checkAgain: 'Starten Sie die Prüfung neu: Bis dahin ist nicht bekannt, ob es gleich ist.',
  repairIt:
    'Verwenden Sie diese Kopie nicht; reparieren Sie sie oder schreiben Sie sie neu, und ersetzen Sie das Laufwerk, wenn es wieder geschieht.',
  testCapacity:
    'Prüfen Sie, wie viel das Laufwerk wirklich fasst (zum Beispiel mit f3probe), bevor Sie es wieder verwenden.',
  losesData:
    'Verwenden Sie dieses Laufwerk nicht: Es behält nicht, was darauf geschrieben wird, oder gibt es nicht richtig wieder. Wenn Sie ihm vertrauen, versuchen Sie es zuerst an einem anderen Anschluss oder mit einem anderen Kabel.',
  notBlank:
    'Verwenden Sie diese Kopie nicht. Das Laufwerk war vielleicht nicht leer: Kopieren Sie noch einmal ohne --assume-blank, und ersetzen Sie das Laufwerk, wenn es wieder abweicht.',
  continueJob: 'Setzen Sie den Auftrag fort: Er prüft, was auf den Laufwerken ist, und stellt sie fertig.',
  refusedCommand:
    'Das Medium kann in Ordnung sein: Sehen Sie im Kernel-Protokoll (dmesg) nach, was abgelehnt wurde, und versuchen Sie einen anderen Anschluss oder Adapter.',
  mountedSince:
    'Ein Dateisystem darauf wurde seit dem Schreiben vermutlich eingehängt, was seinen Superblock ändert: Reparieren Sie es, wenn es gleich sein muss.',
  finishPart:
    'Setzen Sie jenen Auftrag fort (platter resume), oder benennen Sie die Datei um, wenn Sie sie so verwenden wollen.',
  movePartAway: 'Sehen Sie sich diese Datei an und verschieben oder löschen Sie sie. Oder nennen Sie ein anderes Ziel.',
  moveFileAway: 'Verschieben Sie die andere Datei, dann setzen Sie den Auftrag fort (platter resume).',
  newCopy: 'Starten Sie eine neue Kopie.',
  copyAgain: 'Lassen Sie die Laufwerke, wie sie sind, oder starten Sie eine neue Kopie.',
  copyRightFile: 'Besorgen Sie die richtige Datei, und starten Sie eine neue Kopie.',
  moreMemory: 'Erlauben Sie mehr Speicher, dann versuchen Sie es noch einmal.',
  otherImage: 'Nennen Sie das Abbild, zu dem die Map-Datei gehört, oder beginnen Sie mit einer neuen Map-Datei.',
  rescueIntoImage: 'Retten Sie in eine Abbilddatei, und kopieren Sie diese dann auf dieses Laufwerk.',
  makeFolder: 'Legen Sie diesen Ordner an, oder nennen Sie eine Datei in einem anderen.',
  nameFile: 'Nennen Sie eine Datei.',
  renameIt: 'Benennen Sie die Datei oder den Ordner um und versuchen Sie es erneut.',
  checkFileSystem:
    'Prüfen Sie den Server, das Programm oder das Laufwerk, von dem das Dateisystem abhängt, und versuchen Sie es erneut.',
  otherStateFolder: 'Setzen Sie PLATTER_STATE auf einen Ordner, in den Platter schreiben kann.',
  freeTemporary: 'Machen Sie diesen Ordner beschreibbar oder darin Platz frei, dann versuchen Sie es noch einmal.',
  asFuseUser:
    'Starten Sie Platter ohne sudo als der Benutzer, der es eingehängt hat, oder hängen Sie es mit der Option allow_other ein.',
  nothingWritten: 'Es wurde nichts geschrieben. Versuchen Sie es erneut.',
  otherName: 'Wählen Sie einen anderen Namen, zum Beispiel aus Buchstaben und Ziffern.',
  otherFileSystem:
    'Schreiben Sie es in Teilen (--split fat), oder wählen Sie einen Ort auf einem anderen Dateisystem: exFAT, NTFS und die von Linux nehmen längere Dateien.',
  largeFileSystem: 'Schreiben Sie es gepackt, oder wählen Sie einen Ort auf einem anderen Dateisystem, etwa XFS.',
  otherNewManifest: 'Nennen Sie eine andere Datei für das neue Manifest, oder verschieben Sie die vorhandene.',
  otherManifest: 'Nehmen Sie ein anderes Manifest, oder machen Sie ein neues von der Quelle.',
  manifestOfSource: 'Nehmen Sie das Manifest dieser Quelle, oder reparieren Sie ohne Manifest.',
  remakeManifest: 'Machen Sie es neu: Vergleichen Sie ein Laufwerk mit der Quelle, oder kopieren Sie sie noch einmal.',
  fromTheBeginning: 'Beginnen Sie den Auftrag von vorn; was er kopiert hat, lässt sich nicht mehr sagen.',
  forgetJob: 'Verwerfen Sie diesen Auftrag, und beginnen Sie ihn von vorn.',
  otherMap: 'Nennen Sie eine andere Map-Datei, oder beginnen Sie eine neue.',
  mapOrder: 'Geben Sie jedem Byte einen Bereich, der Reihe nach, oder beginnen Sie eine neue Map-Datei.',
  mapStatus: 'Schreiben Sie eine Position, eines von ? * / - F G + und einen Durchgang, wie in „0x0 ? 1“.',
  mapRange: 'Schreiben Sie eine Position, eine Größe und eines von ? * / - +, wie in „0x200 0x1000 +“.',
  mapLine: 'Entfernen Sie die Zeile.',
  reviewAgain: 'Sehen Sie sich die Zusammenfassung noch einmal an.',
  startAgain: 'Lesen Sie die Zusammenfassung, dann starten Sie noch einmal.',
  pressAgain: 'Klicken Sie noch einmal, oder drücken Sie die Taste noch einmal.',
  holdAgain: 'Halten Sie die Schaltfläche noch einmal, bis der Auftrag beginnt, oder tippen Sie {word} ein.',
  typeAgain: 'Tippen Sie {word} auf der Tastatur ein, Buchstabe für Buchstabe.',
  giveFile: 'Wählen Sie die Datei mit der Schaltfläche, oder ziehen Sie sie auf das Fenster.',
  endMounter: 'Schließen Sie das Programm, das es einhängt, dann versuchen Sie es noch einmal.',
  endPrograms:
    'Beenden Sie diese Programme, oder sorgen Sie dafür, dass sie es freigeben, dann versuchen Sie es noch einmal.',
  endJob: 'Warten Sie auf das Ende dieses Auftrags, oder brechen Sie ihn ab, dann versuchen Sie es noch einmal.',
  findHolder:
    'Suchen Sie das Programm, das es geöffnet hat (sudo fuser -v {path}), und beenden Sie es, dann versuchen Sie es noch einmal.',
  unmountThere:
    'Hängen Sie es dort aus (sudo {command}), oder beenden Sie dieses Programm, dann versuchen Sie es noch einmal.',
  swapOff: 'Schalten Sie den Swap ab (sudo {command}), dann versuchen Sie es noch einmal.',
  release: 'Geben Sie es als root frei ({command}), dann versuchen Sie es noch einmal.',
  findUser:
    'Suchen Sie die Programme, die es benutzen (sudo fuser -v -m {target}), und beenden Sie sie, dann versuchen Sie es noch einmal.',
  unmountByHand: 'Hängen Sie es von Hand aus, dann versuchen Sie es noch einmal.',
  unmountOther: 'Hängen Sie zuerst {target} aus, dann versuchen Sie es noch einmal.',
  putWhereMounted: 'Legen Sie die Datei an einen Ort, der eingehängt bleibt, dann versuchen Sie es noch einmal.',
  mountOutside:
    'Hängen Sie {other} außerhalb von {target} ein und nennen Sie die Datei dort, oder legen Sie sie an einen Ort, der eingehängt bleibt.',
  tryAgain: 'Versuchen Sie es noch einmal.',
  waitUnmounting:
    'Warten Sie auf das Laufwerk und versuchen Sie es noch einmal. Antwortet es weiter nicht, ziehen Sie es ab: Was noch nicht darauf geschrieben ist, geht verloren.',
  waitEjecting:
    'Warten Sie auf das Laufwerk und versuchen Sie es noch einmal. Antwortet es weiter nicht, ziehen Sie es ab: Was es noch nicht geschrieben hat, kann verloren gehen.',
  ejectElsewhere: 'Werfen Sie es im Dateimanager Ihres Desktops aus, oder starten Sie Platter mit sudo.',
  installLsblk: 'Installieren Sie util-linux 2.34 oder neuer, dann versuchen Sie es noch einmal.',
  polled: 'Die Liste wird stattdessen alle zwei Sekunden gelesen; sonst hängt nichts davon ab.',
  refresh: 'Drücken Sie „Aktualisieren“; hilft das nicht, schließen Sie Platter und starten Sie es wieder.',
  restart: 'Versuchen Sie es noch einmal; geschieht es wieder, schließen Sie Platter und starten Sie es neu.',
  numberBaysAnew: 'Nummerieren Sie die Schächte in den Einstellungen neu.',
  settingsKept: 'Was darin stand, ist in {path} aufbewahrt.',
  listHistory: 'Sehen Sie nach, welche Aufträge beendet sind: platter history.',
  installPkexec:
    'Installieren Sie pkexec, das nach den Rechten fragt (das Paket „pkexec“ oder „polkit“), oder nehmen Sie die Befehlszeile: sudo platter copy QUELLE ZIEL.',
  installPackage:
    'Installieren Sie Platter als Paket, das nach den Rechten fragen kann, oder nehmen Sie die Befehlszeile mit sudo.',
  sudoStart:
    'Schließen Sie Platter und starten Sie es mit `sudo npm start`: Es darf dann Laufwerke öffnen, und alles andere gehört weiter Ihnen.',
};
