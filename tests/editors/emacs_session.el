;; -*- lexical-binding: t -*-
;; What a user of eglot does in config.toml; prints one JSON object with what came of it.
;; Arguments: the user's init file, config.toml.

(package-initialize)
(load (pop command-line-args-left) nil t)

(defun ploked-until (holds about)
  "Return the first true value of HOLDS; fail, saying ABOUT, when none comes in time."
  (let ((end (time-add nil 30)) value)
    (while (not (setq value (funcall holds)))
      (unless (time-less-p nil end) (error "Never %s" about))
      (accept-process-output nil 0.02))
    value))

(defun ploked-diagnostics ()
  "Return the texts of the diagnostics that are shown now."
  (eglot--signal-textDocument/didChange) ; an idle timer does, and in batch there are none
  (flymake-start)
  (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))

(defun ploked-completions ()
  "Return what completion offers at point."
  (let ((found (eglot-completion-at-point)))
    (all-completions (buffer-substring (nth 0 found) (nth 1 found)) (nth 2 found))))

(find-file (pop command-line-args-left))
(require 'eglot)
(setq eglot-sync-connect 30)
(call-interactively #'eglot)

(let* ((diagnostics (ploked-until #'ploked-diagnostics "a diagnostic"))
       (hover (progn
                (search-forward "deepseek-v")
                (let (said)
                  (eglot-hover-eldoc-function (lambda (text &rest _) (setq said text)))
                  (ploked-until (lambda () said) "a hover"))))
       (fixed (progn
                (search-forward "novt")
                (eglot-code-actions (point) (point) "quickfix" t) ; runs the only one
                (ploked-until (lambda () (not (ploked-diagnostics))) "mended")
                (buffer-substring-no-properties (line-beginning-position) (line-end-position))))
       (completions (progn
                      (goto-char (point-max))
                      (insert "allowed_providers = [\"deepinfra/f")
                      (ploked-completions)))
       (accepted (progn
                   (completion-at-point)
                   (buffer-substring-no-properties (line-beginning-position) (line-end-position))))
       (rows (jsonrpc-request (eglot-current-server) :ploked/searchModels '(:query "kimi" :limit 2))))
  (princ (json-serialize
          `(:diagnostics ,(vconcat diagnostics) :hover ,(substring-no-properties hover) :fixed ,fixed
            :completions ,(vconcat (mapcar #'substring-no-properties completions)) :accepted ,accepted
            :found ,(vconcat (mapcar (lambda (row) (plist-get row :id)) (plist-get rows :rows)))))))
(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server))
